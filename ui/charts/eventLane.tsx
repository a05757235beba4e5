/**
 * What happened, in lanes over the same time axis as the charts. Crowded marks gather; activating one opens the list
 * under the lane. Dragging across the lane asks what to do with the stretch.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { EventAnswer, EventLane as Lane } from '../../api/contract/events.ts';
import type { RangeAnswer } from '../../api/contract/time.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatInstant, formatSpan, plural, zoneName } from '../format.ts';
import { Explain } from '../parts/explain.tsx';
import { dynoPath, releasePath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { type Cluster, clusterMarks } from './cluster.ts';
import { CursorLine } from './cursorLine.tsx';
import { observeWidth } from './observe.ts';
import { Selection, useSpanDrag } from './spanDrag.tsx';
import { Stretch } from './stretch.tsx';

const LANES: { id: Lane; label: string }[] = [
  { id: 'release', label: 'Releases' },
  { id: 'config', label: 'Config' },
  { id: 'dyno', label: 'Dynos' },
  { id: 'platform', label: 'Platform' },
  { id: 'note', label: 'Notes' },
];
/** A mark is a target of 24 px, that of a release holds its version; nearer ones would overlap. */
const MARK_PX = 26;
const RELEASE_PX = 44;
/** Rows of a list before one asks for all. */
const ROWS_FIRST = 25;

interface Props {
  events: EventAnswer[];
  range: RangeAnswer;
  /** Nothing of the range is there: none seen is not none. */
  isUnknown?: boolean;
}

export function EventLane({ events, range, isUnknown }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [widthPx, setWidthPx] = useState(600);
  const [openIds, setOpenIds] = useState<string[] | null>(null);
  const { cursor } = useApp();
  useEffect(() => (box.current ? observeWidth(box.current, setWidthPx) : undefined), []);
  const drag = useSpanDrag('events', range);
  const inside = events.filter((event) => event.atMs / 1000 < range.to && event.untilMs / 1000 >= range.from);
  const lanes = LANES.filter((lane) => inside.some((event) => event.lane === lane.id));
  const open = openIds ? inside.filter((event) => openIds.includes(event.id)) : [];
  return (
    <figure class="chart events" aria-labelledby="chart-events">
      <figcaption class="chart-head">
        <h2 id="chart-events">Events</h2>
        <Explain about="Events">
          Releases, config changes, scaling, dyno states and episodes of R codes, read from the lines of
          Heroku’s own API and dyno manager in the drain. Grey marks are the normal life of a dyno (daily
          cycling, restarts at a release). <kbd>e</kbd> and <kbd>Shift E</kbd> step through them.
        </Explain>
        <span class="grow" />
        {inside.length > 0 && (
          <button
            type="button"
            class="quiet"
            aria-pressed={openIds !== null && openIds.length === inside.length}
            onClick={() =>
              setOpenIds(openIds?.length === inside.length ? null : inside.map((event) => event.id))
            }
            aria-label="View Events as table"
          >
            Table
          </button>
        )}
      </figcaption>
      {lanes.length === 0 && (
        <p class="chart-empty calm">
          {isUnknown
            ? 'Not known: no line of this range is there.'
            : 'No releases, restarts or config changes in this range.'}
        </p>
      )}
      {lanes.length > 0 && (
        <div class="chart-body">
          <div class="lanes" data-chart="events" tabIndex={-1}>
            {lanes.map((lane) => (
              <div class="lane" key={lane.id}>
                <span class="lane-label">{lane.label}</span>
                <div class="lane-track" ref={lane === lanes[0] ? box : undefined} {...drag.handlers}>
                  {clusterMarks(
                    inside.filter((event) => event.lane === lane.id),
                    (event) => xOf(event, range) * widthPx,
                    lane.id === 'release' ? RELEASE_PX : MARK_PX,
                  ).map((cluster) => (
                    <Mark
                      key={cluster.items.map((event) => event.id).join()}
                      cluster={cluster}
                      widthPx={widthPx}
                      range={range}
                      open={openIds?.includes(cluster.items[0]?.id ?? '') ?? false}
                      onOpen={(ids) => setOpenIds(openIds?.join() === ids.join() ? null : ids)}
                      onPoint={(atMs) => {
                        cursor.atS.value = atMs === null ? null : atMs / 1000;
                      }}
                    />
                  ))}
                </div>
              </div>
            ))}
            <div class="lane-over">
              <Selection of={drag.selection} />
              <CursorLine fromS={range.from} toS={range.to} />
            </div>
          </div>
          <div class="legend legend-note muted">
            {plural(inside.length, 'event')}
            {inside.some((event) => event.routine) &&
              `, ${inside.filter((event) => event.routine).length} routine`}
          </div>
        </div>
      )}
      <Stretch chart="events" />
      {open.length > 0 && <EventList events={open} onClose={() => setOpenIds(null)} />}
    </figure>
  );
}

/** Position of an event in the range, 0 to 1; what began before stands at the edge. */
function xOf(event: EventAnswer, range: RangeAnswer): number {
  return Math.min(1, Math.max(0, (event.atMs / 1000 - range.from) / (range.to - range.from)));
}

interface MarkProps {
  cluster: Cluster<EventAnswer>;
  widthPx: number;
  range: RangeAnswer;
  open: boolean;
  onOpen(ids: string[]): void;
  onPoint(atMs: number | null): void;
}

function Mark({ cluster, widthPx, range, open, onOpen, onPoint }: MarkProps) {
  const { range: shown } = useApp();
  const first = cluster.items[0];
  if (!first) return null;
  const zone = shown.zone.value;
  const many = cluster.items.length > 1;
  const until = Math.min((first.untilMs / 1000 - range.from) / (range.to - range.from), 1) * widthPx;
  const name = many
    ? `${plural(cluster.items.length, 'event')} around ${formatInstant(first.atMs, zone, false)}`
    : `${showHidden(first.title)}, ${formatInstant(first.atMs, zone)}`;
  const routine = cluster.items.every((event) => event.routine);
  return (
    <>
      {!many && until - cluster.first > 4 && (
        <span
          class={`episode episode-${first.lane}`}
          style={{ left: `${cluster.first}px`, width: `${until - cluster.first}px` }}
        />
      )}
      <button
        type="button"
        class={`mark mark-${first.lane}${routine ? ' routine' : ''}${many ? ' many' : ''}`}
        style={{ left: `${Math.min(Math.max(cluster.first, 12), Math.max(widthPx - 12, 12))}px` }}
        aria-label={name}
        title={name}
        aria-expanded={open}
        onClick={() => onOpen(cluster.items.map((event) => event.id))}
        onPointerEnter={() => onPoint(first.atMs)}
        onPointerLeave={() => onPoint(null)}
        onFocus={() => onPoint(first.atMs)}
        onBlur={() => onPoint(null)}
      >
        {many ? <span class="mark-text">{clusterText(cluster)}</span> : <Glyph event={first} />}
      </button>
    </>
  );
}

/** The newest version of a gathered deploy (its build, release phase and release), else how many there are. */
function clusterText({ items }: Cluster<EventAnswer>): string {
  const versions = [...new Set(items.map((event) => event.version).filter((version) => version !== null))];
  const newest = Math.max(...versions);
  if (items[0]?.lane !== 'release' || versions.length === 0) return String(items.length);
  return versions.length === 1 ? `v${newest}` : `v${newest} +${versions.length - 1}`;
}

/** A shape per kind, so that colour is never alone. */
function Glyph({ event }: { event: EventAnswer }) {
  if (event.lane === 'release')
    return <span class="mark-text">{event.version === null ? 'rel' : `v${event.version}`}</span>;
  if (event.code) return <span class="mark-text">{event.code}</span>;
  const shapes: Record<string, string> = {
    crash: 'M3 3l8 8M11 3l-8 8',
    scale: 'M7 2v10M3 6l4-4 4 4',
    config: 'M2 5h10M2 9h10',
    platform: 'M7 2l5.5 10h-11z',
    note: 'M2.5 2.5h9v6h-4l-3 3v-3h-2z',
  };
  const key = /crash/.test(event.kind) ? 'crash' : /scal/.test(event.kind) ? 'scale' : event.lane;
  return (
    <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
      {shapes[key] ? (
        <path d={shapes[key]} fill="none" stroke="currentColor" stroke-width="2" />
      ) : (
        <circle cx="7" cy="7" r="3.5" fill="currentColor" />
      )}
    </svg>
  );
}

function EventList({ events, onClose }: { events: EventAnswer[]; onClose(): void }) {
  const { range } = useApp();
  const zone = range.zone.value;
  const [all, setAll] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const sorted = [...events].sort((a, b) => b.atMs - a.atMs);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the list from anywhere in it
    <div
      ref={box}
      class="event-list"
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <table class="data stack">
        <caption class="sr">Events, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Time ({zoneName(sorted[0]?.atMs ?? 0, zone)})</th>
            <th scope="col">What</th>
            <th scope="col">Dyno</th>
            <th scope="col">Lasted</th>
            <th scope="col">
              <button type="button" class="quiet" onClick={onClose}>
                Close
              </button>
            </th>
          </tr>
        </thead>
        <tbody>
          {(all ? sorted : sorted.slice(0, ROWS_FIRST)).map((event) => (
            <EventRow key={event.id} event={event} />
          ))}
        </tbody>
      </table>
      {!all && sorted.length > ROWS_FIRST && (
        <button type="button" class="more" onClick={() => setAll(true)}>
          Show all {sorted.length} events
        </button>
      )}
    </div>
  );
}

function EventRow({ event }: { event: EventAnswer }) {
  const { range, cursor, router, page } = useApp();
  const zone = range.zone.value;
  const app = page.app.value;
  const isDyno = event.dyno !== null && event.lane === 'dyno' && app !== null;
  return (
    <tr data-row class={event.routine ? 'muted' : ''}>
      <td data-label="Time">{formatInstant(event.atMs, zone)}</td>
      <td data-label="What" class="wrap">
        <span>
          {showHidden(event.title)}
          {event.count > 1 && !event.title.includes(`×${event.count}`) && (
            <span class="muted"> ×{event.count}</span>
          )}
          {typeof event.detail.author === 'string' && (
            <span class="muted"> — {showHidden(event.detail.author)}</span>
          )}
        </span>
      </td>
      <td class="mono" data-label="Dyno">
        {isDyno ? (
          <a href={router.link(dynoPath(app, event.dyno ?? ''))}>{event.dyno}</a>
        ) : (
          (event.dyno ?? '')
        )}
      </td>
      <td data-label="Lasted">{event.untilMs > event.atMs ? formatSpan(event.untilMs - event.atMs) : ''}</td>
      <td class="actions">
        {event.lane === 'release' && event.version !== null && app !== null && (
          <a href={router.link(releasePath(app, event.version))}>Before and after</a>
        )}
        {event.detail.canDelete === true && <DeleteNote event={event} />}
        <button
          type="button"
          class="quiet"
          onClick={() => {
            range.setPin(event.atMs / 1000);
            cursor.atS.value = null;
          }}
        >
          Pin<span class="sr"> {showHidden(event.title)}</span>
        </button>
      </td>
    </tr>
  );
}

/** Takes a note away, on the second press. */
function DeleteNote({ event }: { event: EventAnswer }) {
  const { client, page, toast } = useApp();
  const [sure, setSure] = useState(false);
  async function remove() {
    try {
      const app = encodeURIComponent(page.app.peek() ?? '');
      await client.send('DELETE', `/apps/${app}/annotations/${String(event.detail.annotation)}`);
      toast.value = 'The note is gone';
      page.writes.value += 1;
    } catch (error) {
      toast.value = errorText(error);
    }
  }
  return (
    <button
      type="button"
      class={sure ? 'danger' : 'quiet'}
      onClick={() => (sure ? void remove() : setSure(true))}
      onBlur={() => setSure(false)}
    >
      {sure ? 'Really delete' : 'Delete'}
      <span class="sr"> {showHidden(event.title)}</span>
    </button>
  );
}
