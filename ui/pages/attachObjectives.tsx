/** Of the first minutes: objectives from the app's own traffic, provisional at first, looked at again later. */
import { useState } from 'preact/hooks';
import type { ChecklistAnswer } from '../../api/contract/apps.ts';
import type {
  SloListAnswer,
  SloProposal,
  SloProposalsAnswer,
  SloSavedAnswer,
} from '../../api/contract/slos.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatInstant, plural, zoneSuffix } from '../format.ts';
import { Fresh } from '../parts/fresh.tsx';
import { sloListPath, sloNewPath, sloPath } from '../paths.ts';
import { nextLookMs, type Reproposal, reproposals } from '../reproposal.ts';
import { formatTarget } from '../sloWords.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

const LOOK_EVERY_MS = 30_000;

export function ObjectivesStep({ app }: { app: string }) {
  const { session, router } = useApp();
  const base = `/apps/${encodeURIComponent(app)}`;
  const proposals = useAnswer<SloProposalsAnswer>(`${base}/slos/proposals`, { everyMs: LOOK_EVERY_MS });
  const slos = useAnswer<SloListAnswer>('/slos', { query: { app }, everyMs: LOOK_EVERY_MS });
  const checklist = useAnswer<ChecklistAnswer>(`${base}/checklist`, { everyMs: LOOK_EVERY_MS });
  const own = slos.data.value?.slos ?? [];
  const firstMs = checklist.data.value?.steps.find(({ id }) => id === 'routerLine')?.doneAtMs ?? null;
  const again = async () => {
    await Promise.all([proposals.load(), slos.load()]);
  };
  return (
    <Fresh of={proposals} what="the proposals">
      {(answer) => {
        const open = answer.proposals.filter(({ existing }) => existing === null);
        return (
          <>
            {own.length > 0 && (
              <p>
                <a href={router.link(sloListPath(app))}>{plural(own.length, 'objective')}</a> counting
                already.
              </p>
            )}
            {answer.proposals.length === 0 ? (
              <p class="chart-empty calm">
                {answer.requests === 0
                  ? 'Nothing to propose from yet: objectives are made from what the router sees.'
                  : `${answer.note} This page looks again by itself.`}{' '}
                <a href={router.link(sloNewPath(app))}>Make one yourself</a>
              </p>
            ) : (
              <p class="muted">
                From {plural(answer.requests, 'request')}.{' '}
                {answer.isProvisional && 'Less than a day of data, so these are provisional. '}
                <NextLook firstMs={firstMs} />
              </p>
            )}
            {open.map((proposal) => (
              <Proposed
                key={proposal.name}
                app={app}
                proposal={proposal}
                mayAccept={session.canEdit.value}
                onDone={again}
              />
            ))}
            {reproposals(answer, own).map((one) => (
              <Again key={one.slug} app={app} one={one} mayAccept={session.canEdit.value} onDone={again} />
            ))}
          </>
        );
      }}
    </Fresh>
  );
}

function NextLook({ firstMs }: { firstMs: number | null }) {
  const { clock, range } = useApp();
  const atMs = firstMs === null ? null : nextLookMs(firstMs, clock.nowMs.value);
  if (atMs === null) return null;
  const zone = range.zone.value;
  return (
    <>
      They are looked at again here from {formatInstant(atMs, zone, false)}
      {zoneSuffix(atMs, zone)} on.
    </>
  );
}

interface ProposedProps {
  app: string;
  proposal: SloProposal;
  mayAccept: boolean;
  onDone(): Promise<void>;
}

function Proposed({ app, proposal, mayAccept, onDone }: ProposedProps) {
  const { client, toast, router } = useApp();
  const [busy, setBusy] = useState(false);
  async function accept() {
    setBusy(true);
    try {
      const { definition } = proposal;
      await client.send<SloSavedAnswer>('POST', `/apps/${encodeURIComponent(app)}/slos`, { definition });
      toast.value = 'Objective made: it counts from the next minute on';
      await onDone();
    } catch (error) {
      toast.value = errorText(error);
    }
    setBusy(false);
  }
  return (
    <div class="app-block">
      <div class="app-block-head">
        <strong>
          {showHidden(proposal.definition.title)}: {formatTarget(proposal.definition.target)}
        </strong>
        <span class="grow" />
        {mayAccept && (
          <button type="button" class="primary" disabled={busy} onClick={() => void accept()}>
            Accept<span class="sr"> {showHidden(proposal.definition.title)}</span>
          </button>
        )}
      </div>
      <p class="muted">
        {showHidden(proposal.why)}{' '}
        <a href={router.link(sloNewPath(app), { proposal: proposal.name })}>Look closer</a>
      </p>
    </div>
  );
}

interface AgainProps {
  app: string;
  one: Reproposal;
  mayAccept: boolean;
  onDone(): Promise<void>;
}

function Again({ app, one, mayAccept, onDone }: AgainProps) {
  const { client, toast, router } = useApp();
  const [busy, setBusy] = useState(false);
  async function take() {
    setBusy(true);
    try {
      const { definition } = one.proposal;
      await client.send('PUT', `/apps/${encodeURIComponent(app)}/slos/${one.id}`, {
        definition,
        version: one.version,
      });
      toast.value = `${one.title}: ${formatTarget(one.after)} from the next minute on`;
      await onDone();
    } catch (error) {
      toast.value = errorText(error);
    }
    setBusy(false);
  }
  return (
    <div class="app-block">
      <p>
        <a href={router.link(sloPath(app, one.slug))}>{showHidden(one.title)}</a> was proposed from little
        data with {formatTarget(one.before)}. By now {formatTarget(one.after)} fits.
      </p>
      {mayAccept && (
        <button type="button" disabled={busy} onClick={() => void take()}>
          Take {formatTarget(one.after)}
        </button>
      )}
    </div>
  );
}
