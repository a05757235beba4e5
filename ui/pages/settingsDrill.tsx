/** Of the settings: the worst day once, on purpose. */
import { FireDrillPanel } from '../parts/drillSteps.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { Choice } from '../parts/inputs.tsx';
import { useApp } from '../state/context.ts';

export function Drill() {
  const { fleet, router } = useApp();
  const asked = router.params.value.get('app');
  return (
    <section class="group narrow" aria-labelledby="drill">
      <h2 id="drill">Fire drill</h2>
      <p class="says">
        A rule that always holds is made for an app. It fires, opens an incident, calls whoever a real one
        would, and ends when somebody acknowledges. Everything of it says DRILL; it is in no budget and in no
        figure of the app, and it is deleted afterwards.
      </p>
      <Fresh of={fleet} what="the apps">
        {(answer) => {
          const names = answer.apps.map(({ app }) => app);
          const app = asked !== null && names.includes(asked) ? asked : names[0];
          if (app === undefined) {
            return (
              <p class="chart-empty">
                There is no app to drill with. <a href={router.link('/setup')}>Add one</a>
              </p>
            );
          }
          return (
            <>
              {names.length > 1 && (
                <Choice
                  name="drill-app"
                  label="App"
                  value={app}
                  options={names.map((name) => ({ value: name, label: name }))}
                  onChange={(name) => router.replace(router.link('/settings/drill', { app: name }))}
                />
              )}
              <FireDrillPanel key={app} app={app} />
            </>
          );
        }}
      </Fresh>
    </section>
  );
}
