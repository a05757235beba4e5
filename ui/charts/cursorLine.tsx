/** The shared cursor (and the pin) over a lane or a strip that is not a plot. */
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useApp } from '../state/context.ts';

export function CursorLine({ fromS, toS }: { fromS: number; toS: number }) {
  const { cursor, range } = useApp();
  const line = useRef<HTMLDivElement>(null);
  const pin = useRef<HTMLDivElement>(null);
  useEffect(
    () =>
      effect(() => {
        place(line.current, cursor.atS.value, fromS, toS);
        place(pin.current, range.pin.value, fromS, toS);
      }),
    [fromS, toS],
  );
  return (
    <div class="cursor-lines" aria-hidden="true">
      <div ref={line} class="cursor-line" hidden />
      <div ref={pin} class="cursor-line cursor-pin" hidden />
    </div>
  );
}

function place(element: HTMLElement | null, atS: number | null, fromS: number, toS: number) {
  if (!element) return;
  element.hidden = atS === null || atS < fromS || atS > toS;
  if (!element.hidden && atS !== null) element.style.left = `${((atS - fromS) / (toS - fromS)) * 100}%`;
}
