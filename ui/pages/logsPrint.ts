/** Paper shows the lines that are loaded, not the few of the box that are drawn. */
import { useEffect } from 'preact/hooks';
import { linesText } from '../logsText.ts';
import type { Line, LogsBuffer } from '../state/logsBuffer.ts';

/** More than some 40 pages nobody prints on purpose. */
const PRINTED_MAX = 2000;

export function usePrintedLines(buffer: LogsBuffer) {
  useEffect(() => {
    let sheet: HTMLElement | null = null;
    // The browser does not wait for a drawing: the text has to stand when this returns.
    const before = () => {
      const lines = buffer.items.filter((item): item is Line => item.kind === 'line').slice(-PRINTED_MAX);
      sheet?.remove();
      sheet = document.createElement('pre');
      sheet.className = 'log-print';
      sheet.textContent = linesText(lines);
      document.querySelector('.log-frame')?.after(sheet);
    };
    const after = () => {
      sheet?.remove();
      sheet = null;
    };
    addEventListener('beforeprint', before);
    addEventListener('afterprint', after);
    return () => {
      removeEventListener('beforeprint', before);
      removeEventListener('afterprint', after);
      after();
    };
  }, [buffer]);
}
