/** Of the settings: how long things are kept, by tier and app; what is there, what it will be, what a change deletes. */
import { useState } from 'preact/hooks';
import type {
  AppRetentionAnswer,
  RetentionAnswer,
  RetentionChangeAnswer,
  RetentionRequest,
  RetentionTierAnswer,
} from '../../api/contract/retention.ts';
import { sayKept } from '../../model/retention.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatAgo, formatBytes, NOTHING } from '../format.ts';
import { AsCall } from '../parts/asCall.tsx';
import { Clauses } from '../parts/clauses.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { TextBox } from '../parts/inputs.tsx';
import { SendFault, useSender } from '../parts/sender.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { fullLogsBytes, retentionVerdict } from '../verdict/settings.ts';

const UNIT_MS = { h: 3_600_000, d: 86_400_000 } as const;
const UNIT_WORDS = { h: 'hours', d: 'days' } as const;

interface Edited {
  /** null: the whole instance. */
  app: string | null;
  tier: RetentionTierAnswer;
  keepMs: number;
  isChosen: boolean;
}

export function Retention() {
  const { session } = useApp();
  const retention = useAnswer<RetentionAnswer>('/retention', { everyMs: 60_000 });
  const [edited, setEdited] = useState<Edited | null>(null);
  const [logsOf, setLogsOf] = useState<AppRetentionAnswer | null>(null);
  const admin = session.isAdmin.value;
  return (
    <section class="group" aria-labelledby="tiers">
      <h2 id="tiers">How long things are kept</h2>
      <Fresh of={retention} what="retention">
        {(answer) => (
          <>
            <Clauses clauses={retentionVerdict(answer)} />
            <p class="says">
              The environment sets the most; here it can be less. What is older goes every{' '}
              {Math.round(answer.everyMs / 60_000)} minutes, for good.
            </p>
            <Tiers answer={answer} onEdit={admin ? setEdited : null} />
            <ByApp answer={answer} onEdit={admin ? setEdited : null} onLogs={admin ? setLogsOf : null} />
          </>
        )}
      </Fresh>
      {edited && <Edit edited={edited} onClose={() => setEdited(null)} onDone={() => retention.load()} />}
      {logsOf && <EditLogs app={logsOf} onClose={() => setLogsOf(null)} onDone={() => retention.load()} />}
    </section>
  );
}

interface ListProps {
  answer: RetentionAnswer;
  onEdit: ((edited: Edited) => void) | null;
}

function Tiers({ answer, onEdit }: ListProps) {
  const { clock } = useApp();
  return (
    <table class="data stack retention">
      <caption class="sr">Tiers of what is kept</caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Kept</th>
          <th scope="col" class="num">
            Now
          </th>
          <th scope="col" class="num">
            A day
          </th>
          <th scope="col" class="num">
            When full
          </th>
          <th scope="col">Oldest</th>
          {onEdit && <th scope="col">Change</th>}
        </tr>
      </thead>
      <tbody>
        {answer.tiers.map((tier) => (
          <tr key={tier.tier}>
            <th scope="row" data-label="What">
              {tier.title}
              <span class="under muted">Without it, {tier.lost}.</span>
            </th>
            <td data-label="Kept">
              <span class="keep">{sayKept(tier.keepMs)}</span>
              <span class="under muted">
                {tier.chosen === null ? (
                  <>
                    as <code>{tier.setting}</code> says
                  </>
                ) : (
                  `of at most ${sayKept(tier.mostMs)}, chosen by ${showHidden(tier.chosen.author)} ${formatAgo(tier.chosen.atMs, clock.nowMs.value)}`
                )}
              </span>
            </td>
            <td class="num" data-label="Now">
              {formatBytes(tier.bytes)}
            </td>
            <td class="num" data-label="A day">
              {tier.bytesPerDay === null ? NOTHING : formatBytes(tier.bytesPerDay)}
            </td>
            <td class="num" data-label="When full">
              {tier.projectedBytes === null ? NOTHING : formatBytes(tier.projectedBytes)}
            </td>
            <td data-label="Oldest">
              {tier.oldestMs === null ? NOTHING : formatAgo(tier.oldestMs, clock.nowMs.value)}
            </td>
            {onEdit && (
              <td class="actions">
                <button
                  type="button"
                  onClick={() =>
                    onEdit({ app: null, tier, keepMs: tier.keepMs, isChosen: tier.chosen !== null })
                  }
                >
                  Change<span class="sr"> {tier.title}</span>
                </button>
              </td>
            )}
          </tr>
        ))}
        {answer.logs && <LogsRow logs={answer.logs} hasChange={onEdit !== null} />}
      </tbody>
    </table>
  );
}

/** Of lines the hours are a wish: the room they may take decides. */
function LogsRow({ logs, hasChange }: { logs: NonNullable<RetentionAnswer['logs']>; hasChange: boolean }) {
  const { clock } = useApp();
  const full = fullLogsBytes(logs);
  return (
    <tr>
      <th scope="row" data-label="What">
        Lines of logs
        <span class="under muted">Without them, search and live tail find nothing of that time.</span>
      </th>
      <td data-label="Kept">
        <span class="keep">{sayKept(logs.keepHours * UNIT_MS.h)}</span>
        <span class="under muted">
          as <code>DRAINBOARD_KEEP_LOGS_HOURS</code> says; by app below
          {logs.bytesMax !== null && `; never more than ${formatBytes(logs.bytesMax)}`}
        </span>
      </td>
      <td class="num" data-label="Now">
        {formatBytes(logs.bytes)}
      </td>
      <td class="num" data-label="A day">
        {logs.bytesPerDay === null ? NOTHING : formatBytes(logs.bytesPerDay)}
      </td>
      <td class="num" data-label="When full">
        {full === null ? NOTHING : formatBytes(full)}
      </td>
      <td data-label="Oldest">
        {logs.oldestMs === null ? NOTHING : formatAgo(logs.oldestMs, clock.nowMs.value)}
      </td>
      {hasChange && <td class="actions" />}
    </tr>
  );
}

function ByApp({
  answer,
  onEdit,
  onLogs,
}: ListProps & { onLogs: ((app: AppRetentionAnswer) => void) | null }) {
  const { router } = useApp();
  if (answer.apps.length === 0) {
    return (
      <p class="chart-empty calm">
        No app is attached, so there is nothing to choose for one. <a href={router.link('/setup')}>Add one</a>
      </p>
    );
  }
  const tiers = answer.tiers.filter(({ perApp }) => perApp);
  return (
    <>
      <h3 id="apps">By app</h3>
      <p class="says">
        Sizes are what an app adds at the rate of the last hours, over the time that it is kept.
      </p>
      <table class="data stack retention">
        <caption class="sr">What each app keeps</caption>
        <thead>
          <tr>
            <th scope="col">App</th>
            {tiers.map((tier) => (
              <th scope="col" key={tier.tier}>
                {tier.title}
              </th>
            ))}
            <th scope="col">Lines of its log</th>
          </tr>
        </thead>
        <tbody>
          {answer.apps.map((app) => (
            <tr key={app.app}>
              <th scope="row" data-label="App">
                <a href={router.link(`/a/${encodeURIComponent(app.app)}`)}>{showHidden(app.app)}</a>
              </th>
              {tiers.map((tier) => {
                const own = app.tiers.find((one) => one.tier === tier.tier);
                if (own === undefined) return <td key={tier.tier} />;
                const edited = { app: app.app, tier, keepMs: own.keepMs, isChosen: own.chosen !== null };
                return (
                  <td key={tier.tier} data-label={tier.title}>
                    <Kept
                      text={sayKept(own.keepMs)}
                      isOwn={own.chosen !== null}
                      label={`${tier.title} of ${app.app}`}
                      onEdit={onEdit && (() => onEdit(edited))}
                    />
                    <span class="under muted">{formatBytes(own.projectedBytes)}</span>
                  </td>
                );
              })}
              <td data-label="Lines of its log">
                <Kept
                  text={logsText(app.keepLogsHours, answer.logs?.keepHours ?? null)}
                  isOwn={app.keepLogsHours !== null}
                  label={`Lines of the log of ${app.app}`}
                  onEdit={onLogs && (() => onLogs(app))}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function logsText(hours: number | null, fallbackHours: number | null): string {
  if (hours === 0) return 'none';
  if (hours !== null) return sayKept(hours * UNIT_MS.h);
  return fallbackHours === null ? 'as the instance' : sayKept(fallbackHours * UNIT_MS.h);
}

interface KeptProps {
  text: string;
  isOwn: boolean;
  label: string;
  onEdit: (() => void) | null;
}

/** As the instance is grey; a choice of its own is not. */
function Kept({ text, isOwn, label, onEdit }: KeptProps) {
  const words = <span class={isOwn ? 'keep strong' : 'keep muted'}>{text}</span>;
  if (onEdit === null) return words;
  return (
    <button type="button" class="quiet" onClick={onEdit}>
      {words}
      <span class="sr">, change {showHidden(label)}</span>
    </button>
  );
}

interface EditProps<T> {
  onClose(): void;
  onDone(): Promise<unknown>;
  edited: T;
}

function Edit({ edited, onClose, onDone }: EditProps<Edited>) {
  const { client, toast } = useApp();
  const { app, tier } = edited;
  const unitMs = UNIT_MS[tier.unit];
  const [text, setText] = useState(String(Math.round(edited.keepMs / unitMs)));
  const [said, setSaid] = useState<{ request: RetentionRequest; answer: RetentionChangeAnswer } | null>(null);
  const sender = useSender();
  const typed = Number(text) * unitMs;
  const request = (keepMs: number | null): RetentionRequest => ({
    tier: tier.tier,
    ...(app !== null && { app }),
    keepMs,
  });
  const ask = (keepMs: number | null) =>
    sender.send(async () => {
      const wanted = request(keepMs);
      const answer = await client.send<RetentionChangeAnswer>('PUT', '/retention', {
        ...wanted,
        dryRun: true,
      });
      setSaid({ request: wanted, answer });
    });
  const keep = () =>
    sender.send(async () => {
      if (said === null) return;
      await client.send('PUT', '/retention', said.request);
      toast.value = `Kept for ${sayKept(said.answer.afterMs)} from now on`;
      await onDone();
      onClose();
    });
  return (
    <Dialog title={app === null ? tier.title : `${tier.title} of ${showHidden(app)}`} onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void (said === null ? ask(Number.isFinite(typed) ? typed : 0) : keep());
        }}
      >
        <TextBox
          name="keepMs"
          label={`Keep for so many ${UNIT_WORDS[tier.unit]}`}
          inputMode="numeric"
          value={text}
          unit={UNIT_WORDS[tier.unit]}
          fault={sender.faultOf('keepMs')}
          hint={`At least ${sayKept(tier.leastMs)}, at most ${sayKept(app === null ? tier.mostMs : tier.keepMs)}. ${tier.needs}`}
          onInput={(value) => {
            setText(value);
            setSaid(null);
            sender.clear();
          }}
        />
        {said && (
          <p class={said.answer.deletesBytes === null ? 'banner' : 'banner banner-warning'} role="status">
            {said.answer.says}
          </p>
        )}
        <SendFault sender={sender} />
        <div class="row">
          <button
            type="submit"
            class={said?.answer.deletesBytes != null ? 'primary danger' : 'primary'}
            disabled={sender.busy}
          >
            {said === null
              ? 'What would that do?'
              : said.answer.deletesBytes === null
                ? 'Keep it so'
                : 'Delete and keep it so'}
          </button>
          {edited.isChosen && said === null && (
            <button type="button" disabled={sender.busy} onClick={() => void ask(null)}>
              As {app === null ? 'the environment' : 'the instance'} again
            </button>
          )}
          <button type="button" onClick={onClose}>
            Leave it
          </button>
        </div>
        <AsCall
          write={{
            method: 'PUT',
            path: '/retention',
            body: said?.request ?? request(Number.isFinite(typed) ? typed : null),
          }}
        />
      </form>
    </Dialog>
  );
}

const LOGS_MAX_HOURS = 744;

function EditLogs({ app, onClose, onDone }: Omit<EditProps<never>, 'edited'> & { app: AppRetentionAnswer }) {
  const { client, toast } = useApp();
  const [text, setText] = useState(app.keepLogsHours === null ? '' : String(app.keepLogsHours));
  const [error, setError] = useState('');
  const hours = text.trim() === '' ? null : Number(text);
  const path = `/apps/${encodeURIComponent(app.app)}/keep-logs`;
  async function keep(event: SubmitEvent) {
    event.preventDefault();
    try {
      await client.send('PUT', path, { hours });
      toast.value =
        hours === 0
          ? `No lines of ${app.app} are taken in any more`
          : `Lines of ${app.app} are kept so from now on`;
      await onDone();
      onClose();
    } catch (thrown) {
      setError(errorText(thrown));
    }
  }
  return (
    <Dialog title={`Lines of the log of ${showHidden(app.app)}`} onClose={onClose}>
      <form class="form" onSubmit={(event) => void keep(event)}>
        <TextBox
          name="hours"
          label="Keep lines for so many hours"
          inputMode="numeric"
          value={text}
          unit="hours"
          hint={`0: none are taken in. At most ${LOGS_MAX_HOURS}. Empty: as the instance. Older lines go within ten minutes, for good; charts and counts stay.`}
          onInput={setText}
        />
        {hours === 0 && (
          <p class="banner banner-warning">
            Lines of this app that are there are deleted, and new ones are counted but not kept: search, live
            tail and context of its requests are empty.
          </p>
        )}
        {error && (
          <p class="fault" role="alert">
            {error}
          </p>
        )}
        <div class="row">
          <button type="submit" class={hours === 0 ? 'primary danger' : 'primary'}>
            Keep it so
          </button>
          <button type="button" onClick={onClose}>
            Leave it
          </button>
        </div>
        <AsCall write={{ method: 'PUT', path, body: { hours } }} />
      </form>
    </Dialog>
  );
}
