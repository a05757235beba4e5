/** All keys on one screen, and the switch that turns single keys off. */
import { useApp } from '../state/context.ts';
import type { KeyBinding } from '../state/keys.ts';
import { Dialog } from './dialog.tsx';

export function Help({ bindings }: { bindings: KeyBinding[] }) {
  const { overlay, prefs } = useApp();
  const groups = [...new Set(bindings.map((binding) => binding.group))];
  return (
    <Dialog title="Keys" onClose={() => (overlay.value = 'none')}>
      <label class="check">
        <input
          type="checkbox"
          checked={prefs.singleKeys.value}
          onChange={(event) => (prefs.singleKeys.value = event.currentTarget.checked)}
        />
        Single-letter keys are on
      </label>
      <div class="key-groups">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl class="keys">
              {bindings
                .filter((binding) => binding.group === group && binding.shown)
                .map((binding) => (
                  <div key={binding.keys}>
                    <dt>
                      {binding.shown.split(' ').map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </dt>
                    <dd>{binding.does}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>Inside a chart</h3>
          <dl class="keys">
            {[
              ['←', '→', 'move by one bucket, with Shift by ten'],
              ['↑', '↓', 'change the series'],
              ['Home', 'End', 'first, newest'],
              ['+', '-', 'zoom in, out'],
              ['Enter', '', 'pin this instant'],
              ['Esc', '', 'leave the chart'],
            ].map(([first, second, does]) => (
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
      </div>
    </Dialog>
  );
}
