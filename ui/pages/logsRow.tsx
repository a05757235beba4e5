/** One line of a log: when, from where, what kind, and its text in pieces that can be clicked. */
import { Component } from 'preact';
import { showHidden } from '../clean.ts';
import { formatClock, formatDay, formatSpan, plural, type Zone } from '../format.ts';
import { type Piece, piecesOf } from '../logsTokens.ts';
import type { Hole, Line } from '../state/logsBuffer.ts';

export interface RowLook {
  zone: Zone;
  wrap: boolean;
  /** The lines are of more than one day. */
  days: boolean;
  /** Texts that are searched for, marked where they stand. */
  marks: readonly string[];
}

interface RowProps {
  line: Line;
  look: RowLook;
  isOpen: boolean;
  /** The one row that Tab reaches. */
  isActive: boolean;
}

/** Behind this a row that is not wrapped is out of sight on any screen. */
const PIECES_MAX = 900;

/** Rows are drawn again only when something about them changed: a scroll draws those that come into sight. */
export class LogRow extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const { props } = this;
    return (
      next.line !== props.line ||
      next.look !== props.look ||
      next.isOpen !== props.isOpen ||
      next.isActive !== props.isActive
    );
  }

  override render({ line, look, isOpen, isActive }: RowProps) {
    const kind = kindOf(line);
    return (
      <div
        class={`log-row log-${kind.name}${isOpen ? ' log-open' : ''}${line.isOwn ? ' log-own' : ''}`}
        data-id={line.id}
        data-row
      >
        <button
          type="button"
          class="log-at"
          tabIndex={isActive ? 0 : -1}
          aria-expanded={isOpen}
          aria-controls={isOpen ? 'log-line' : undefined}
        >
          {line.isOwn && <span class="sr">Of this request: </span>}
          {look.days && `${formatDay(line.atMs, look.zone)} `}
          {formatClock(line.atMs, look.zone)}
          <span class="log-ms">.{String(line.atMs % 1000).padStart(3, '0')}</span>
        </button>
        <span class={`log-from tok from-${line.source}`} {...fromData(line)}>
          {showHidden(line.procid || line.source)}
        </span>
        <span class="log-tag">
          {kind.word && (
            <span class="tok" data-field={kind.field} data-value={kind.word}>
              {kind.word}
            </span>
          )}
        </span>
        <span class="log-text">
          <TextPieces text={look.wrap ? line.text : line.text.slice(0, PIECES_MAX)} marks={look.marks} />
          {line.isCut && <span class="log-cut"> … cut at intake</span>}
        </span>
      </div>
    );
  }
}

/** The text of a line, as text nodes and spans alone. */
export function TextPieces({ text, marks }: { text: string; marks: readonly string[] }) {
  return <>{piecesOf(text, marks).map(pieceNode)}</>;
}

/** Lines of the router and of add-ons are asked for by their source, others by their dyno. */
function fromData({ source, procid }: Line) {
  const byDyno = (source === 'app' || source === 'heroku') && procid !== '';
  return { 'data-field': byDyno ? 'dyno' : 'source', 'data-value': byDyno ? procid : source };
}

function pieceNode(piece: Piece, index: number) {
  const text = showHidden(piece.text.replaceAll('\t', '    '));
  if (!piece.style) return text;
  return (
    <span
      key={index}
      class={piece.style}
      title={piece.style.includes('tok-mask') ? 'A secret, masked at intake' : undefined}
      data-field={piece.term?.field}
      data-value={piece.term?.value}
      data-rid={piece.requestId ?? undefined}
    >
      {text}
    </span>
  );
}

/** What stands in the column of kinds: the code before the status before the level. */
export function kindOf({ code, status, level }: Line): {
  name: 'platform' | 'failed' | 'error' | 'warn' | 'plain';
  field: 'code' | 'status' | 'level';
  word: string;
} {
  if (code !== null) return { name: 'platform', field: 'code', word: code };
  if (status !== null)
    return { name: status >= 500 ? 'failed' : 'plain', field: 'status', word: String(status) };
  if (level === 'error' || level === 'warn') return { name: level, field: 'level', word: level };
  return { name: 'plain', field: 'level', word: '' };
}

/** Where lines are missing: how many, between when, and a way to fetch them. */
export function HoleRow({ hole, zone, onFill }: { hole: Hole; zone: Zone; onFill(hole: Hole): void }) {
  const what = hole.lines === null ? 'Lines' : plural(hole.lines, 'line');
  const why = hole.why === 'skipped' ? 'skipped: they came faster than this tab read' : 'not fetched';
  return (
    <div class="log-row log-hole" data-id={hole.id} data-row>
      <span>
        {what} {why}, {formatClock(hole.fromMs, zone)}–{formatClock(hole.toMs, zone)} (
        {formatSpan(hole.toMs - hole.fromMs)})
      </span>
      <button type="button" class="quiet" onClick={() => onFill(hole)}>
        Load them
      </button>
    </div>
  );
}
