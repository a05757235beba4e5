/** Of an objective: what counts as what, its versions, and all of it as text. */
import type { CountingAnswer, SloDetailAnswer } from '../../api/contract/slos.ts';
import { showHidden } from '../clean.ts';
import { downloadText } from '../download.ts';
import { formatInstant, zoneSuffix } from '../format.ts';
import { CopyBlock } from '../parts/copy.tsx';
import { formatTarget } from '../sloWords.ts';
import { useApp } from '../state/context.ts';

const KINDS = [
  ['good', 'Good'],
  ['bad', 'Bad'],
  ['ignored', 'Not counted'],
] as const;

export function Counting({ counting, heading = 'h2' }: { counting: CountingAnswer; heading?: 'h2' | 'h3' }) {
  const Heading = heading;
  return (
    <section class="group" aria-labelledby="counting">
      <Heading id="counting">What counts</Heading>
      <div class="three">
        {KINDS.map(([kind, label]) => (
          <div key={kind}>
            <p class="strong small">{label}</p>
            {counting[kind].length === 0 ? (
              <p class="muted">nothing</p>
            ) : (
              <ul class="plain-list">
                {counting[kind].map((line) => (
                  <li key={line}>{showHidden(line)}</li>
                ))}
              </ul>
            )}
          </div>
        ))}
      </div>
    </section>
  );
}

export function Versions({ data }: { data: SloDetailAnswer }) {
  const { range, clock } = useApp();
  const zone = range.zone.value;
  const at = (ms: number) => `${formatInstant(ms, zone, false, clock.now())}${zoneSuffix(ms, zone)}`;
  const newestFirst = [...data.versions].sort((a, b) => b.version - a.version);
  return (
    <section class="group" aria-labelledby="versions">
      <h2 id="versions">Versions</h2>
      <p class="says">
        Each minute is judged by the version that was valid in it: a change rewrites no past.
      </p>
      <table class="data stack">
        <caption class="sr">Versions, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Valid from</th>
            <th scope="col">Target</th>
            <th scope="col">What changed</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {newestFirst.map((version) => (
            <tr key={version.version}>
              <th scope="row" data-label="Version">
                {version.version}
              </th>
              <td data-label="Valid from">
                {at(version.validFromMs)}
                {version.validFromMs > clock.nowMs.value && <span class="why">not yet</span>}
              </td>
              <td data-label="Target">{formatTarget(version.target)}</td>
              <td data-label="What changed" class="wrap">
                {version.changes.length === 0 ? (
                  <span class="muted">{version.version === 1 ? 'made' : 'nothing that counts'}</span>
                ) : (
                  showHidden(version.changes.join('; '))
                )}
              </td>
              <td data-label="By">{showHidden(version.author)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function Text({ data }: { data: SloDetailAnswer }) {
  return (
    <section class="group" aria-labelledby="as-text">
      <h2 id="as-text">As text</h2>
      <p class="says">
        OpenSLO v1, with what it has no words for as annotations. It can be imported as it stands.
      </p>
      <details class="fold">
        <summary>Show</summary>
        <CopyBlock text={data.text} label="objective as OpenSLO" />
      </details>
      <p>
        <button
          type="button"
          onClick={() => downloadText(`${data.slo.app}-${data.slo.slug}.yaml`, data.text, 'application/yaml')}
        >
          Download as OpenSLO
        </button>
      </p>
    </section>
  );
}
