/** Objectives made from an app's own last days: what each would have spent, one press to accept. */
import { useState } from 'preact/hooks';
import type { SloProposal, SloProposalsAnswer, SloSavedAnswer } from '../../api/contract/slos.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatCount, formatSpan, plural } from '../format.ts';
import { Fresh } from '../parts/fresh.tsx';
import { sloNewPath, sloPath } from '../paths.ts';
import { formatAchieved, formatBudget, formatTarget } from '../sloWords.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

interface Props {
  app: string;
  onAccept(): Promise<void>;
}

export function Proposals({ app, onAccept }: Props) {
  const { session } = useApp();
  const proposals = useAnswer<SloProposalsAnswer>(`/apps/${encodeURIComponent(app)}/slos/proposals`);
  const answer = proposals.data.value;
  if (!session.canEdit.value) return null;
  const open = answer?.proposals.filter((one) => one.existing === null) ?? [];
  if (answer && open.length === 0 && answer.proposals.length > 0) return null;
  return (
    <section class="group" aria-labelledby="proposals">
      <h2 id="proposals">Proposed from its own traffic</h2>
      <Fresh of={proposals} what="the proposals">
        {(data) => (
          <>
            {data.proposals.length === 0 ? (
              <p class="muted">{data.note || 'There is too little traffic to propose anything yet.'}</p>
            ) : (
              <p class="says">
                From {plural(data.requests, 'request')} of the last {formatSpan(data.toMs - data.fromMs)}.
                {data.isProvisional && ' Less than a day of data: look again tomorrow.'} {data.note}
              </p>
            )}
            <ul class="cards">
              {open.map((proposal) => (
                <Card
                  key={proposal.name}
                  app={app}
                  proposal={proposal}
                  days={(data.toMs - data.fromMs) / 86_400_000}
                  onAccept={async () => {
                    await onAccept();
                    await proposals.load();
                  }}
                />
              ))}
            </ul>
          </>
        )}
      </Fresh>
    </section>
  );
}

interface CardProps {
  app: string;
  proposal: SloProposal;
  days: number;
  onAccept(): Promise<void>;
}

function Card({ app, proposal, days, onAccept }: CardProps) {
  const { client, toast, router } = useApp();
  const [busy, setBusy] = useState(false);
  const { definition } = proposal;
  async function accept() {
    setBusy(true);
    try {
      const saved = await client.send<SloSavedAnswer>('POST', `/apps/${encodeURIComponent(app)}/slos`, {
        definition,
      });
      toast.value = 'Objective made: it counts from the next minute on';
      await onAccept();
      router.push(router.link(sloPath(saved.app, saved.slug)));
    } catch (error) {
      toast.value = errorText(error);
    }
    setBusy(false);
  }
  return (
    <li class="card">
      <h3>{showHidden(definition.title)}</h3>
      <p class="card-figure">{formatTarget(definition.target)}</p>
      <p>{showHidden(proposal.why)}</p>
      <p class="small muted">
        {proposal.achieved === null
          ? 'Nothing to try it on yet.'
          : `In these ${days >= 1 ? plural(Math.round(days), 'day') : 'hours'}: ${formatAchieved(proposal.achieved, definition.target)} achieved, ${formatBudget(proposal.spent)} of the budget spent, ${pagesSay(proposal.pages, proposal.tickets)}.`}
      </p>
      <p class="row">
        <button type="button" class="primary" disabled={busy} onClick={() => void accept()}>
          Accept<span class="sr"> {showHidden(definition.title)}</span>
        </button>
        <a class="button" href={router.link(sloNewPath(app), { proposal: proposal.name })}>
          Look closer<span class="sr"> at {showHidden(definition.title)}</span>
        </a>
      </p>
    </li>
  );
}

/** `no pages`, `1 page and 2 tickets`. */
export function pagesSay(pages: number, tickets: number): string {
  const parts = [
    pages > 0 && plural(pages, 'page'),
    tickets > 0 && `${formatCount(tickets)} ${tickets === 1 ? 'ticket' : 'tickets'}`,
  ].filter(Boolean);
  return parts.length === 0 ? 'no alert' : parts.join(' and ');
}
