/** Which alerts go where. All routes that fit count; the fallback only where none does. */
import { useEffect, useState } from 'preact/hooks';
import type {
  RouteAnswer,
  RouteListAnswer,
  RoutePreviewAnswer,
  RouteRequest,
} from '../../api/contract/schedules.ts';
import type { SubjectKind } from '../../model/alert-change.ts';
import type { Severity } from '../../model/slo.ts';
import { showHidden } from '../clean.ts';
import { SEVERITIES } from '../incidentWords.ts';
import { minutesText } from '../localTime.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Many, TextBox, Tick } from '../parts/inputs.tsx';
import { SendFault, useSender } from '../parts/sender.tsx';
import { receiverPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { type Names, nameOf } from './onCallNames.ts';

const SUBJECTS: { value: SubjectKind; label: string }[] = [
  { value: 'slo', label: 'burn of objectives' },
  { value: 'budget', label: 'budget crossings' },
  { value: 'rule', label: 'rules' },
];

interface Props {
  answer: RouteListAnswer;
  names: Names;
  onChange(): Promise<void>;
}

export function Routes({ answer, names, onChange }: Props) {
  const { session } = useApp();
  const [editing, setEditing] = useState<string | null>(null);
  const isAdmin = session.isAdmin.value;
  async function done() {
    setEditing(null);
    await onChange();
  }
  return (
    <section class="group" aria-labelledby="routes">
      <h2 id="routes">Who gets what</h2>
      {answer.warnings.length > 0 && (
        <ul class="banner banner-warning plain-list">
          {answer.warnings.map((warning) => (
            <li key={warning}>{showHidden(warning)}</li>
          ))}
        </ul>
      )}
      {answer.routes.length === 0 ? (
        <p class="chart-empty calm">
          No routes: nobody is told of anything. {isAdmin ? 'Add one that leads to a receiver.' : ''}
        </p>
      ) : (
        <ul class="cards">
          {answer.routes.map((route) => (
            <li class={`card${route.isEnabled ? '' : ' card-off'}`} key={route.id} data-row>
              {editing === route.id ? (
                <RouteForm route={route} names={names} onDone={done} onClose={() => setEditing(null)} />
              ) : (
                <>
                  <h3>
                    {showHidden(route.name)}
                    {route.isFallback && <span class="tag">fallback</span>}
                    {!route.isEnabled && <span class="tag">off</span>}
                  </h3>
                  <p>{routeSays(route)}</p>
                  <p>
                    <Goals route={route} names={names} />
                  </p>
                  {isAdmin && (
                    <p>
                      <button type="button" class="quiet" onClick={() => setEditing(route.id)}>
                        Change<span class="sr"> {showHidden(route.name)}</span>
                      </button>
                    </p>
                  )}
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {isAdmin &&
        (editing === 'new' ? (
          <div class="boxed">
            <RouteForm route={null} names={names} onDone={done} onClose={() => setEditing(null)} />
          </div>
        ) : (
          <p>
            <button type="button" onClick={() => setEditing('new')}>
              Add a route
            </button>
          </p>
        ))}
      <WhoIsTold />
    </section>
  );
}

function routeSays(route: RouteAnswer): string {
  const severities =
    route.severities.length === 0
      ? 'everything'
      : route.severities.map((one) => `${one}s`.replace('infos', 'information')).join(' and ');
  const kinds =
    route.subjectKinds.length === 0
      ? ''
      : ` from ${SUBJECTS.filter((one) => route.subjectKinds.includes(one.value))
          .map((one) => one.label)
          .join(' and ')}`;
  const apps = route.apps.length === 0 ? 'every app' : listed(route.apps);
  return `${severities[0]?.toUpperCase() ?? ''}${severities.slice(1)}${kinds} of ${showHidden(apps)}${route.isFallback ? ', where no other route fits' : ''}.`;
}

function listed(names: string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function Goals({ route, names }: { route: RouteAnswer; names: Names }) {
  const { router } = useApp();
  if (route.receivers.length + route.escalationPolicies.length === 0)
    return <span class="warn">Leads nowhere.</span>;
  return (
    <>
      {route.receivers.map((id, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <a href={router.link(receiverPath(id))}>{showHidden(nameOf(names.receivers, id))}</a>
        </span>
      ))}
      {route.receivers.length > 0 && route.escalationPolicies.length > 0 && '; '}
      {route.escalationPolicies.length > 0 && (
        <>
          escalates by{' '}
          <a href="#policies">
            {showHidden(route.escalationPolicies.map((id) => nameOf(names.policies, id)).join(', '))}
          </a>
        </>
      )}
    </>
  );
}

interface FormProps {
  route: RouteAnswer | null;
  names: Names;
  onDone(): Promise<void>;
  onClose(): void;
}

function RouteForm({ route, names, onDone, onClose }: FormProps) {
  const { client, toast, fleet } = useApp();
  const sender = useSender();
  const [removing, setRemoving] = useState(false);
  const [draft, setDraft] = useState<Required<RouteRequest>>({
    name: route?.name ?? '',
    isEnabled: route?.isEnabled ?? true,
    isFallback: route?.isFallback ?? false,
    apps: route?.apps ?? [],
    severities: route?.severities ?? [],
    subjectKinds: route?.subjectKinds ?? [],
    receivers: route?.receivers ?? [],
    escalationPolicies: route?.escalationPolicies ?? [],
  });
  useEffect(() => {
    if (!fleet.data.peek()) void fleet.load();
  }, []);
  const apps = [
    ...new Set([...(fleet.data.value?.apps.map((row) => row.app) ?? []), ...(draft.apps ?? [])]),
  ].sort();
  const set = (part: RoutePart) => setDraft({ ...draft, ...part });
  const id = route?.id ?? 'new';
  return (
    <form
      class="form grid-form"
      noValidate
      aria-label={route ? `Change ${route.name}` : 'Add a route'}
      onSubmit={(event) => {
        event.preventDefault();
        void sender.send(async () => {
          await client.send(
            route ? 'PUT' : 'POST',
            route ? `/notification-routes/${route.id}` : '/notification-routes',
            draft,
          );
          toast.value = 'Route saved';
          await onDone();
        });
      }}
    >
      <TextBox
        name={`route-name-${id}`}
        label="Name"
        value={draft.name}
        onInput={(name) => set({ name })}
        fault={sender.faultOf('name')}
      />
      <Many
        name={`route-severities-${id}`}
        legend="Severities"
        hint="None ticked: any."
        options={SEVERITIES.map((one) => ({ value: one.id, label: one.id }))}
        values={draft.severities ?? []}
        onChange={(severities) => set({ severities })}
        fault={sender.faultOf('severities')}
      />
      <Many
        name={`route-kinds-${id}`}
        legend="Of what"
        hint="None ticked: everything."
        options={SUBJECTS}
        values={draft.subjectKinds ?? []}
        onChange={(subjectKinds) => set({ subjectKinds })}
        fault={sender.faultOf('subjectKinds')}
      />
      <Many
        name={`route-apps-${id}`}
        legend="Apps"
        hint="None ticked: every app, also those to come."
        options={apps.map((app) => ({ value: app, label: showHidden(app) }))}
        values={draft.apps ?? []}
        onChange={(chosen) => set({ apps: chosen })}
        fault={sender.faultOf('apps')}
      />
      <Many
        name={`route-receivers-${id}`}
        legend="Tell at once"
        hint="And of everything that becomes of it."
        options={names.receivers.map((one) => ({ value: one.id, label: showHidden(one.name) }))}
        values={draft.receivers ?? []}
        onChange={(receivers) => set({ receivers })}
        fault={sender.faultOf('receivers', 'receivers.0')}
      />
      {names.policies.length > 0 && (
        <Many
          name={`route-policies-${id}`}
          legend="And escalate pages by"
          options={names.policies.map((one) => ({ value: one.id, label: showHidden(one.name) }))}
          values={draft.escalationPolicies ?? []}
          onChange={(escalationPolicies) => set({ escalationPolicies })}
          fault={sender.faultOf('escalationPolicies', 'escalationPolicies.0')}
        />
      )}
      <Tick
        name={`route-fallback-${id}`}
        label="Only where no other route fits"
        checked={draft.isFallback ?? false}
        onChange={(isFallback) => set({ isFallback })}
      />
      <Tick
        name={`route-on-${id}`}
        label="On"
        checked={draft.isEnabled ?? true}
        onChange={(isEnabled) => set({ isEnabled })}
      />
      <SendFault sender={sender} />
      <div class="row field-wide">
        <button type="submit" class="primary" disabled={sender.busy}>
          {route ? 'Save the route' : 'Add the route'}
        </button>
        <button type="button" onClick={onClose}>
          Close
        </button>
        {route && (
          <button type="button" class="danger" onClick={() => setRemoving(true)}>
            Remove
          </button>
        )}
      </div>
      {removing && route && (
        <Confirm
          title={`Remove ${showHidden(route.name)}?`}
          submit="Remove it"
          danger
          onClose={() => setRemoving(false)}
          onYes={async () => {
            await client.send('DELETE', `/notification-routes/${route.id}`);
            toast.value = 'Route removed';
            await onDone();
          }}
        >
          What it alone carries is told to nobody from now on.
        </Confirm>
      )}
    </form>
  );
}

type RoutePart = Partial<Required<RouteRequest>>;

/** A question to the routes as they are saved: this alert of this app, who would hear of it? */
function WhoIsTold() {
  const { client, fleet } = useApp();
  const sender = useSender();
  const [app, setApp] = useState('');
  const [severity, setSeverity] = useState<Severity>('page');
  const [answer, setAnswer] = useState<RoutePreviewAnswer | null>(null);
  const apps = fleet.data.value?.apps.map((row) => row.app).sort() ?? [];
  useEffect(() => {
    if (!fleet.data.peek()) void fleet.load();
  }, []);
  const chosen = app || (apps[0] ?? '');
  return (
    <form
      class="who"
      noValidate
      aria-label="Who would be told"
      onSubmit={(event) => {
        event.preventDefault();
        void sender.send(async () => {
          setAnswer(
            await client.send<RoutePreviewAnswer>('POST', '/notification-routes/preview', {
              app: chosen,
              severity,
            }),
          );
        });
      }}
    >
      <div class="row">
        <label for="who-severity">Who would be told of a</label>
        <select
          id="who-severity"
          value={severity}
          onChange={(event) => {
            setSeverity(event.currentTarget.value as Severity);
            setAnswer(null);
          }}
        >
          {SEVERITIES.map((one) => (
            <option key={one.id} value={one.id}>
              {one.id}
            </option>
          ))}
        </select>
        <label for="who-app">of</label>
        <select
          id="who-app"
          value={chosen}
          onChange={(event) => {
            setApp(event.currentTarget.value);
            setAnswer(null);
          }}
        >
          {apps.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <button type="submit" disabled={sender.busy || chosen === ''}>
          Ask
        </button>
      </div>
      <SendFault sender={sender} />
      {answer && (
        <div role="status" class="preview">
          {answer.receivers.length === 0 ? (
            <p class="warn">Nobody.</p>
          ) : (
            <ol class="plain-list">
              {answer.receivers.map((one) => (
                <li key={`${one.id} ${one.afterMinutes} ${one.via}`}>
                  <strong>{showHidden(one.name)}</strong>{' '}
                  {one.afterMinutes === 0
                    ? 'at once'
                    : `after ${minutesText(one.afterMinutes)}, if nobody acknowledged`}{' '}
                  <span class="muted">{showHidden(one.via)}</span>
                </li>
              ))}
            </ol>
          )}
        </div>
      )}
    </form>
  );
}
