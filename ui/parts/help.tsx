/** All keys on one screen: to read, to switch off, and to change one by one (WCAG 2.1.4). */
import { useState } from 'preact/hooks';
import { useApp } from '../state/context.ts';
import { changeKeys, keysFault, keysOf, readKeys, showKeys } from '../state/keyMap.ts';
import type { KeyBinding } from '../state/keys.ts';
import { Dialog } from './dialog.tsx';

export function Help({ bindings }: { bindings: KeyBinding[] }) {
  const { overlay, prefs } = useApp();
  const [changing, setChanging] = useState(false);
  const listed = bindings.filter((binding) => !binding.isTwin);
  const groups = [...new Set(listed.map((binding) => binding.group))];
  return (
    <Dialog title="Keys" onClose={() => (overlay.value = 'none')}>
      <div class="key-switches">
        <label class="check">
          <input
            type="checkbox"
            checked={prefs.singleKeys.value}
            onChange={(event) => (prefs.singleKeys.value = event.currentTarget.checked)}
          />
          Single-letter keys are on
        </label>
        <button type="button" aria-pressed={changing} onClick={() => setChanging(!changing)}>
          {changing ? 'Done' : 'Change keys'}
        </button>
        {changing && Object.keys(prefs.keyChanges.value).length > 0 && (
          <button type="button" onClick={() => (prefs.keyChanges.value = {})}>
            As in the product
          </button>
        )}
      </div>
      {changing && (
        <p class="muted small">
          One key, or two with a blank between, such as g w; nothing to switch one off. Kept in this browser.
        </p>
      )}
      <div class="key-groups">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl class="keys">
              {listed
                .filter((binding) => binding.group === group)
                .map((binding) => (
                  <div key={binding.keys}>
                    <dt>
                      {changing ? (
                        <KeyField binding={binding} bindings={bindings} />
                      ) : (
                        <Keys keys={keysOf(binding, prefs.keyChanges.value)} />
                      )}
                    </dt>
                    <dd>{binding.does}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
        <InChart />
      </div>
    </Dialog>
  );
}

function Keys({ keys }: { keys: string }) {
  if (keys === '') return <span class="muted">off</span>;
  return (
    <>
      {showKeys(keys).map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </>
  );
}

function KeyField({ binding, bindings }: { binding: KeyBinding; bindings: KeyBinding[] }) {
  const { prefs } = useApp();
  const keys = keysOf(binding, prefs.keyChanges.value);
  const [fault, setFault] = useState<string | null>(null);
  const id = `keys-${binding.keys.replaceAll(/\W/g, (letter) => String(letter.charCodeAt(0)))}`;
  // Keys with names of several letters are no text to type.
  if (/\w{2}/.test(binding.keys)) return <Keys keys={keys} />;
  function take(text: string) {
    const read = readKeys(text);
    const wrong =
      read === null ? 'One key, or two' : keysFault(bindings, prefs.keyChanges.peek(), binding, read);
    setFault(wrong);
    if (read !== null && wrong === null)
      prefs.keyChanges.value = changeKeys(prefs.keyChanges.peek(), binding, read);
  }
  return (
    <span class="key-field">
      <input
        class="mono"
        aria-label={`Keys for ${binding.does}`}
        aria-invalid={fault ? true : undefined}
        aria-describedby={fault ? id : undefined}
        size={4}
        maxLength={3}
        autocapitalize="none"
        autocomplete="off"
        spellcheck={false}
        defaultValue={keys}
        onInput={(event) => take(event.currentTarget.value)}
      />
      {fault && (
        <span class="fault small" id={id}>
          {fault}
        </span>
      )}
    </span>
  );
}

const IN_CHART = [
  ['←', '→', 'move by one bucket, with Shift by ten'],
  ['↑', '↓', 'change the series'],
  ['Home', 'End', 'first, newest'],
  ['+', '-', 'zoom in, out'],
  ['Enter', '', 'pin this instant'],
  ['Esc', '', 'leave the chart'],
];

function InChart() {
  return (
    <section>
      <h3>Inside a chart</h3>
      <dl class="keys">
        {IN_CHART.map(([first, second, does]) => (
          <div key={does}>
            <dt>
              <kbd>{first}</kbd>
              {second && <kbd>{second}</kbd>}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
