/** Four counts over the table; each leads to what it counts. */
import type { Concern, FleetDoubt, FleetItem } from '../fleetItems.ts';
import { formatCount } from '../format.ts';
import { type Level, StateGlyph } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { countConcerns } from '../verdict/fleet.ts';

const TILES: { concern: Concern; one: string; many: string; level: Level; says: string }[] = [
  {
    concern: 'firing',
    one: 'alert fires',
    many: 'alerts fire',
    level: 'critical',
    says: 'Open incidents that page or ticket',
  },
  {
    concern: 'burning',
    one: 'app burns',
    many: 'apps burn',
    level: 'critical',
    says: 'Over 1 % fail now, or an objective is spent faster than allowed',
  },
  {
    concern: 'silent',
    one: 'app silent',
    many: 'apps silent',
    level: 'critical',
    says: 'No line for 3 minutes',
  },
  {
    concern: 'dropping',
    one: 'drain drops',
    many: 'drains drop',
    level: 'warning',
    says: 'Lines known to be lost in the last hour',
  },
];

interface Props {
  items: readonly FleetItem[];
  only: Concern | null;
  doubt: FleetDoubt;
}

export function Strip({ items, only, doubt }: Props) {
  const { router } = useApp();
  const counts = countConcerns(items);
  return (
    <ul class="strip" aria-label="Show only">
      {TILES.map(({ concern, one, many, level, says }) => {
        const count = counts[concern];
        const isOn = only === concern;
        // None known is not none.
        const isKnown = !doubt.isAway && (concern !== 'burning' || !doubt.objectives);
        return (
          <li key={concern}>
            <a
              class={`strip-tile${count > 0 ? ` strip-${level}` : ''}`}
              href={router.link('/', keptQuery(router.params.value, isOn ? null : concern))}
              aria-current={isOn ? 'true' : undefined}
              title={isOn ? 'Show all apps' : says}
            >
              <StateGlyph level={count > 0 ? level : isKnown ? 'ok' : 'unknown'} />
              <span class="strong">{formatCount(count)}</span> {count === 1 ? one : many}
            </a>
          </li>
        );
      })}
    </ul>
  );
}

/** The order stays; the filter changes. */
function keptQuery(params: URLSearchParams, only: Concern | null): Record<string, string> {
  const query: Record<string, string> = {};
  for (const name of ['sort', 'group']) {
    const value = params.get(name);
    if (value) query[name] = value;
  }
  return only ? { ...query, only } : query;
}
