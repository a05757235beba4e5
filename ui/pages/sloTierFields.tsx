/** Of the form of an objective: the pairs of windows that alert. */
import { Choice, TextBox } from '../parts/inputs.tsx';
import type { Sender } from '../parts/sender.tsx';
import { type SloDraft, type TierDraft, tierDraft } from './sloDraft.ts';

interface Props {
  draft: SloDraft;
  sender: Sender;
  onChange(tiers: TierDraft[]): void;
  onUsual(): void;
}

const SEVERITIES = [
  { value: 'page', label: 'page' },
  { value: 'ticket', label: 'ticket' },
] as const;

export function TierFields({ draft, sender, onChange, onUsual }: Props) {
  const whole = sender.faultOf('definition.tiers');
  const change = (key: number, part: Partial<TierDraft>) =>
    onChange(draft.tiers.map((tier) => (tier.key === key ? { ...tier, ...part } : tier)));
  return (
    <section class="field-wide" aria-labelledby="tiers">
      <h2 id="tiers">When it alerts</h2>
      <p class="muted small">
        Both windows must burn faster than the factor. The usual ones page when 2 % of the budget goes in an
        hour or 5 % in six, and make a ticket when 10 % goes in a day or three.
      </p>
      <ol class="tier-fields">
        {draft.tiers.map((tier, index) => {
          const name = (part: string) => `tiers.${index}.${part}`;
          const fault = (part: string) => sender.faultOf(`definition.${name(part)}`);
          const all = sender.faultOf(`definition.tiers.${index}`);
          return (
            <li key={tier.key}>
              <div class="tier-row">
                <Choice
                  name={name('severity')}
                  label="Makes a"
                  value={tier.severity}
                  options={SEVERITIES}
                  onChange={(severity) => change(tier.key, { severity })}
                  fault={fault('severity')}
                />
                <TextBox
                  name={name('longMinutes')}
                  label="Long window"
                  value={tier.long}
                  onInput={(long) => change(tier.key, { long })}
                  fault={fault('longMinutes')}
                />
                <TextBox
                  name={name('shortMinutes')}
                  label="Short window"
                  value={tier.short}
                  onInput={(short) => change(tier.key, { short })}
                  fault={fault('shortMinutes')}
                />
                <TextBox
                  name={name('factor')}
                  label="Faster than"
                  unit="×"
                  inputMode="decimal"
                  value={tier.factor}
                  onInput={(factor) => change(tier.key, { factor })}
                  fault={fault('factor')}
                />
                <TextBox
                  name={name('forMinutes')}
                  label="For"
                  unit="min"
                  inputMode="numeric"
                  value={tier.forMinutes}
                  onInput={(forMinutes) => change(tier.key, { forMinutes })}
                  fault={fault('forMinutes')}
                />
                <TextBox
                  name={name('keepFiringMinutes')}
                  label="Keeps firing"
                  unit="min"
                  inputMode="numeric"
                  value={tier.keepFiringMinutes}
                  onInput={(keepFiringMinutes) => change(tier.key, { keepFiringMinutes })}
                  fault={fault('keepFiringMinutes')}
                />
                <TextBox
                  name={name('minBad')}
                  label="At least bad"
                  inputMode="numeric"
                  value={tier.minBad}
                  onInput={(minBad) => change(tier.key, { minBad })}
                  fault={fault('minBad')}
                />
                <button
                  type="button"
                  class="quiet tier-remove"
                  onClick={() => onChange(draft.tiers.filter((one) => one.key !== tier.key))}
                >
                  Leave out
                  <span class="sr">
                    {' '}
                    the pair {tier.long} and {tier.short}
                  </span>
                </button>
              </div>
              {all && <p class="fault">{all}</p>}
            </li>
          );
        })}
      </ol>
      {whole && <p class="fault">{whole}</p>}
      <div class="row">
        <button
          type="button"
          onClick={() =>
            onChange([
              ...draft.tiers,
              tierDraft({
                severity: 'ticket',
                longMinutes: 1440,
                shortMinutes: 120,
                factor: 3,
                forMinutes: 0,
                keepFiringMinutes: 10,
                minBad: 5,
              }),
            ])
          }
        >
          Add a pair of windows
        </button>
        <button type="button" class="quiet" onClick={onUsual}>
          Back to the usual ones
        </button>
      </div>
    </section>
  );
}
