/** Of an incident, on one glance: the release before it, what fails, where to read it, and Explain. */
import { useState } from 'preact/hooks';
import type { IncidentAnswer } from '../../api/contract/incidents.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatCount, formatRatio, formatSpan } from '../format.ts';
import { explainPath, logsPath, releasePath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { failingSpan, rangeOf } from '../verdict/incident.ts';

interface Props {
  data: IncidentAnswer;
  onChange(): Promise<void>;
}

export function Facts({ data, onChange }: Props) {
  const { router } = useApp();
  const { incident, codes } = data;
  const app = encodeURIComponent(incident.app);
  const [code] = codes;
  const cause = data.causes.find((one) => one.kind === 'code');
  const span = failingSpan(data);
  return (
    <dl class="incident-facts">
      <Release data={data} onChange={onChange} />
      {code && (
        <div>
          <dt>Most frequent code</dt>
          <dd>
            <a href={router.link(`/a/${app}/codes/${encodeURIComponent(code.code)}`, rangeOf(data))}>
              {code.code}
            </a>{' '}
            <span class="muted">
              ×{formatCount(code.count)}
              {cause?.code === code.code && `, ${formatRatio(cause.bad / cause.ofBad)} of the bad`}
            </span>
          </dd>
        </div>
      )}
      <div>
        <dt>Read on</dt>
        <dd class="row">
          <a href={router.link(logsPath(incident.app, { from: span.from ?? '', to: span.to ?? '' }))}>
            {incident.state === 'resolved' ? 'All its logs' : 'Live tail'}
          </a>
          <a href={router.link(explainPath(incident.app), explainRange(data))}>Explain this</a>
        </dd>
      </div>
    </dl>
  );
}

/** From when it was bad to its end, or to what is known. */
function explainRange(data: IncidentAnswer): Record<string, string> {
  const { from = '' } = failingSpan(data);
  const range = rangeOf(data);
  const end = data.incident.resolvedAtMs;
  const to =
    end === null ? range.to : new Date(Math.ceil(end / 1000) * 1000).toISOString().replace('.000Z', 'Z');
  return { from: String(from), to: to ?? '' };
}

/** A release this long before is no longer offered as the cause; it can still be named as one below. */
const SUSPECT_MS = 3 * 3_600_000;

function Release({ data, onChange }: Props) {
  const { router, session, client, toast } = useApp();
  const [busy, setBusy] = useState(false);
  const { release, incident, cause } = data;
  if (!release)
    return (
      <div>
        <dt>Release before it</dt>
        <dd class="muted">none known</dd>
      </div>
    );
  const isCause = cause?.release === release.version;
  const leadMs = Math.max(0, incident.firingSinceMs - release.atMs);
  async function blame() {
    setBusy(true);
    try {
      await client.send('PUT', `/incidents/${incident.id}/cause`, {
        release: release?.version ?? null,
        ...(cause && cause.text !== '' && { text: cause.text }),
      });
      toast.value = `Noted: caused by v${release?.version}`;
      await onChange();
    } catch (error) {
      toast.value = errorText(error);
    }
    setBusy(false);
  }
  return (
    <div>
      <dt>Release before it</dt>
      <dd>
        <a href={router.link(releasePath(incident.app, release.version), rangeOf(data))}>
          v{release.version}
        </a>{' '}
        <span class="muted">
          {formatSpan(leadMs)} before
          {release.what && `, ${showHidden(release.what)}`}
        </span>{' '}
        {isCause ? (
          <span class="tag">cause</span>
        ) : (
          session.canEdit.value &&
          leadMs <= SUSPECT_MS && (
            <button type="button" class="small-button" disabled={busy} onClick={() => void blame()}>
              Caused by v{release.version}
            </button>
          )
        )}
      </dd>
    </div>
  );
}
