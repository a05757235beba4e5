/** Of an objective: which stretch its charts and tables show. The whole period unless somebody looks closer. */
import type { SloDetailAnswer } from '../../api/contract/slos.ts';
import { formatRange, zoneName } from '../format.ts';
import { useApp } from '../state/context.ts';
import { instantText } from '../state/rangeText.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const BEFORE_MS = HOUR;
const AFTER_MS = HOUR / 2;

interface Preset {
  label: string;
  /** null: the period, as without a range in the address. */
  range: { from: string; to: string } | null;
}

/** The period, spans that are shorter, the newest incident, and since the last release. Pure. */
export function presetsOf({ slo, incidents, events, nowMs }: SloDetailAnswer): Preset[] {
  const periodMs = slo.budget.toMs - slo.budget.fromMs;
  const spans: [string, number][] = [
    ['7d', 7 * DAY],
    ['3d', 3 * DAY],
    ['24h', DAY],
    ['6h', 6 * HOUR],
    ['1h', HOUR],
  ];
  const [incident] = incidents;
  const release = events
    .filter((event) => event.lane === 'release' && event.version !== null)
    .sort((a, b) => b.atMs - a.atMs)[0];
  return [
    { label: 'SLO window', range: null },
    ...spans
      .filter(([, ms]) => ms < periodMs)
      .map(([label]) => ({ label, range: { from: `now-${label}`, to: 'now' } })),
    ...(incident
      ? [
          {
            label: incident.resolvedAtMs === null ? 'This incident' : `Incident #${incident.number}`,
            range: {
              from: instantText(incident.openedAtMs - BEFORE_MS),
              to:
                incident.resolvedAtMs === null
                  ? 'now'
                  : instantText(Math.min(nowMs, incident.resolvedAtMs + AFTER_MS)),
            },
          },
        ]
      : []),
    ...(release && nowMs - release.atMs > 60_000 && nowMs - release.atMs < periodMs
      ? [{ label: `Since v${release.version}`, range: { from: instantText(release.atMs), to: 'now' } }]
      : []),
  ];
}

export function RangePresets({ data }: { data: SloDetailAnswer }) {
  const { router, range } = useApp();
  const params = router.params.value;
  const [from, to] = [params.get('from'), params.get('to') ?? 'now'];
  const zone = range.zone.value;
  const presets = presetsOf(data);
  const isPreset = presets.some((one) =>
    one.range === null ? from === null : one.range.from === from && one.range.to === to,
  );
  return (
    <div class="slo-range">
      <fieldset class="chips" aria-label="What the charts and tables show">
        {presets.map((one) => (
          <button
            key={one.label}
            type="button"
            class="quiet"
            aria-pressed={one.range === null ? from === null : one.range.from === from && one.range.to === to}
            onClick={() =>
              router.setParams(
                one.range === null
                  ? { from: null, to: null }
                  : { from: one.range.from, to: one.range.to === 'now' ? null : one.range.to },
                'push',
              )
            }
          >
            {one.label}
          </button>
        ))}
      </fieldset>
      <p class={`small ${isPreset ? 'muted' : ''}`}>
        {formatRange(data.range.from * 1000, data.range.to * 1000, zone)}{' '}
        {zoneName(data.range.to * 1000, zone)}
        {from !== null && '; the tiles tell the whole period'}
      </p>
    </div>
  );
}
