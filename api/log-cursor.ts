/** Places in a log as clients hold them: a line's key, and for live readers which commits were seen, by writer. */
import { formatLogKey, type LogLineKey, parseLogKey } from '../model/log-line.ts';
import type { LogPosition } from '../store/reads/log-pieces.ts';

export interface LogCursor {
  key: LogLineKey;
  /** null: nothing is known of commits; who reads on from here goes by the time of lines. */
  position: LogPosition | null;
}

/** Processes that wrote in the last minutes; more are those of a cluster in trouble. */
const WRITERS_MAX = 64;

/** `KEY` or `KEY~committedAt~writer.seq~writer.seq`, numbers in base 36. */
export function formatLogCursor({ key, position }: LogCursor): string {
  const text = formatLogKey(key);
  if (position === null || position.seqs.size > WRITERS_MAX) return text;
  const seqs = [...position.seqs].map(([writerId, seq]) => `${writerId.toString(36)}.${seq.toString(36)}`);
  return [text, position.committedAtMs.toString(36), ...seqs].join('~');
}

/** null for anything that formatLogCursor did not write. */
export function parseLogCursor(text: string): LogCursor | null {
  const [keyText = '', committedText, ...seqTexts] = text.split('~', WRITERS_MAX + 3);
  const key = parseLogKey(keyText);
  if (key === null || seqTexts.length > WRITERS_MAX) return null;
  if (committedText === undefined) return { key, position: null };
  if (!/^[0-9a-z]{1,10}$/.test(committedText)) return null;
  const seqs = new Map<number, number>();
  for (const pair of seqTexts) {
    const found = /^([0-9a-z]{1,6})\.([0-9a-z]{1,10})$/.exec(pair);
    if (!found) return null;
    seqs.set(Number.parseInt(found[1] ?? '', 36), Number.parseInt(found[2] ?? '', 36));
  }
  return { key, position: { committedAtMs: Number.parseInt(committedText, 36), seqs } };
}
