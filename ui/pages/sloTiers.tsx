/** Of an objective: the burn table, one row for each pair of windows, each with its sentence. */
import type { BurnAnswer, SloDetailAnswer } from '../../api/contract/slos.ts';
import { formatCount, formatRatio } from '../format.ts';
import { heldWords } from '../incidentWords.ts';
import { Explain } from '../parts/explain.tsx';
import { type Level, StateWord } from '../parts/state.tsx';
import { sloPath } from '../paths.ts';
import { burnLevel, formatBurn } from '../sloWords.ts';
import { useApp } from '../state/context.ts';

interface Props {
  data: SloDetailAnswer;
  focused: number | null;
  onFocus(tier: number | null): void;
}

export function BurnTable({ data, focused, onFocus }: Props) {
  const { router } = useApp();
  const here = sloPath(data.slo.app, data.slo.slug);
  return (
    <section class="group" aria-labelledby="burn-table">
      <h2 id="burn-table">
        When it alerts
        <Explain about="When it alerts">
          Both windows must be above the factor: the long one says that it matters, the short one that it is
          still going on. Looking at a row shades its windows in the charts.
        </Explain>
      </h2>
      {data.tiers.length === 0 ? (
        <p class="muted">
          {data.definition.indicator.kind === 'composite'
            ? 'Alerts belong to the parts of it.'
            : 'It never alerts: it has no pair of windows.'}
        </p>
      ) : (
        <table class="data stack tiers">
          <caption class="sr">Pairs of windows that alert, and how far each is from it</caption>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">State</th>
              <th scope="col" class="num">
                Above
              </th>
              <th scope="col" class="num">
                Long
              </th>
              <th scope="col" class="num">
                Short
              </th>
            </tr>
          </thead>
          <tbody>
            {data.tiers.map((tier, index) => {
              const state = tierState(tier);
              return (
                <tr
                  key={`${tier.longWindow} ${tier.shortWindow} ${tier.severity}`}
                  class={focused === index ? 'row-focused' : ''}
                  onPointerEnter={() => onFocus(index)}
                  onPointerLeave={() => onFocus(null)}
                >
                  <th scope="row" class="wrap">
                    <button
                      type="button"
                      class="sentence"
                      aria-pressed={focused === index}
                      onFocus={() => onFocus(index)}
                      onBlur={() => onFocus(null)}
                      title="Shade its windows in the charts"
                    >
                      {tier.sentence}
                    </button>
                    <span class="under muted">
                      {[
                        tier.forMinutes > 0 && `for ${tier.forMinutes} min`,
                        tier.keepFiringMinutes > 0 && `keeps firing ${tier.keepFiringMinutes} min`,
                        tier.minBad > 0 && `at least ${tier.minBad} bad`,
                      ]
                        .filter(Boolean)
                        .join(' · ')}{' '}
                      <a href={router.link(here, { from: `now-${2 * tier.long.minutes}m`, to: 'now' })}>
                        Look at its windows
                      </a>
                    </span>
                  </th>
                  <td data-label="State">
                    <StateWord level={state.level} word={state.word} />
                    {tier.held && <span class="why">{heldWords(tier.held.reason)}</span>}
                  </td>
                  <td class="num" data-label="Above">
                    {formatBurn(tier.factor)}
                  </td>
                  <Window label={`Long, ${tier.longWindow}`} burn={tier.long} tier={tier} />
                  <Window label={`Short, ${tier.shortWindow}`} burn={tier.short} tier={tier} />
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      <dl class="totals burns">
        {data.burn.map((burn) => (
          <div key={burn.window} title={`${formatCount(burn.bad)} bad of ${formatCount(burn.events)}`}>
            <dt>Burn {burn.window}</dt>
            <dd class={`burn-${burnLevel(burn)}`}>{formatBurn(burn.burn)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function tierState(tier: SloDetailAnswer['tiers'][number]): { level: Level; word: string } {
  if (tier.held) return { level: 'unknown', word: 'held' };
  const level: Level = tier.severity === 'page' ? 'critical' : 'warning';
  if (tier.state === 'firing') return { level, word: 'firing' };
  if (tier.state === 'recovering') return { level, word: 'recovering' };
  if (tier.state === 'pending') return { level: 'warning', word: 'pending' };
  return { level: 'ok', word: 'quiet' };
}

type Tier = SloDetailAnswer['tiers'][number];

function Window({ label, burn, tier }: { label: string; burn: BurnAnswer; tier: Tier }) {
  const above = burn.burn !== null && burn.burn > tier.factor;
  // One window above alone is no alert.
  const word = tier.state === 'firing' ? 'bad' : 'warn';
  return (
    <td class="num" data-label={label}>
      <span class={above ? word : ''}>{formatBurn(burn.burn)}</span>
      <span class="under muted">
        {formatCount(burn.bad)} of {formatCount(burn.events)}
        {burn.coverage < 0.995 && `, ${formatRatio(burn.coverage)} of it with data`}
      </span>
    </td>
  );
}
