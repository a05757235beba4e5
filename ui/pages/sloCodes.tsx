/** Of the form of an objective: which of the codes that can be judged either way count as bad. */
import { HEROKU_CODES } from '../../model/codes.ts';
import { Many } from '../parts/inputs.tsx';

const CHOICES = HEROKU_CODES.filter((entry) => entry.code.startsWith('H') && entry.counts === 'configurable');

interface Props {
  codes: Record<string, boolean>;
  onChange(codes: Record<string, boolean>): void;
}

export function CodeTicks({ codes, onChange }: Props) {
  const counted = CHOICES.filter((entry) => codes[entry.code] ?? entry.defaultCounted).map(
    (entry) => entry.code,
  );
  return (
    <Many
      name="codes"
      legend="Codes that may be judged either way count as bad"
      hint="All other platform errors always count."
      options={CHOICES.map((entry) => ({ value: entry.code, label: `${entry.code} ${entry.title}` }))}
      values={counted}
      onChange={(values) =>
        onChange(
          // Only what differs from the default is said.
          Object.fromEntries(
            CHOICES.filter((entry) => values.includes(entry.code) !== entry.defaultCounted).map((entry) => [
              entry.code,
              values.includes(entry.code),
            ]),
          ),
        )
      }
    />
  );
}
