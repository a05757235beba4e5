/** PagerDuty as a receiver of tests: Events API v2 with its open alerts, and change events. */
import { type Answer, type Arrived, type FakeReceiver, isBadText, points, startFake } from './http.ts';

export interface FakePagerduty extends FakeReceiver {
  /** By key: how often it was opened, and whether it is now. */
  alerts: Map<
    string,
    { openings: number; state: 'triggered' | 'acknowledged' | 'resolved'; triggers: number }
  >;
  changes: Arrived['json'][];
}

export async function startPagerduty(): Promise<FakePagerduty> {
  const alerts: FakePagerduty['alerts'] = new Map();
  const changes: FakePagerduty['changes'] = [];
  const fake = await startFake((arrived) => {
    const isChange = arrived.path === '/v2/change/enqueue';
    if (!isChange && arrived.path !== '/v2/enqueue') return { status: 404 };
    const faults = isChange ? faultsOfPayload(arrived.json) : faultsOf(arrived);
    if (faults.length > 0) return refused(faults);
    if (isChange) changes.push(arrived.json);
    else enter(alerts, arrived.json);
    return {
      status: 202,
      body: { status: 'success', message: 'Event processed', dedup_key: arrived.json.dedup_key },
    };
  });
  return { ...fake, alerts, changes };
}

function refused(errors: string[]): Answer {
  return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors } };
}

/** A trigger after the end opens a new alert; acknowledge and resolve of what is not open are dropped. */
function enter(
  alerts: FakePagerduty['alerts'],
  { event_action: action, dedup_key: key }: Arrived['json'],
): void {
  const known = alerts.get(key);
  const isOpen = known !== undefined && known.state !== 'resolved';
  if (action === 'trigger') {
    if (isOpen) known.triggers++;
    else alerts.set(key, { openings: (known?.openings ?? 0) + 1, state: 'triggered', triggers: 1 });
  } else if (isOpen) known.state = action === 'acknowledge' ? 'acknowledged' : 'resolved';
}

function faultsOf({ json, body }: Arrived): string[] {
  const faults: string[] = [];
  if (Buffer.byteLength(body) > 512 * 1024) faults.push('Length of event exceeds 512 KB');
  if (!['trigger', 'acknowledge', 'resolve'].includes(json?.event_action))
    faults.push("'event_action' is invalid");
  if (isBadText(json?.dedup_key) || points(json.dedup_key) > 255) faults.push("'dedup_key' is invalid");
  if (json?.event_action !== 'trigger') return faults;
  if (!['critical', 'error', 'warning', 'info'].includes(json.payload?.severity)) {
    faults.push("'payload.severity' is invalid");
  }
  if (isBadText(json.payload?.source)) faults.push("'payload.source' is missing");
  return [...faults, ...faultsOfPayload(json)];
}

function faultsOfPayload(json: Arrived['json']): string[] {
  const faults: string[] = [];
  if (points(json?.routing_key) !== 32) faults.push("'routing_key' is invalid");
  if (isBadText(json?.payload?.summary) || points(json.payload.summary) > 1024) {
    faults.push("'payload.summary' is missing or too long");
  }
  const at = json?.payload?.timestamp;
  if (at !== undefined && Number.isNaN(Date.parse(at))) faults.push("'payload.timestamp' is invalid");
  for (const link of json?.links ?? []) {
    if (isBadText(link.href) || isBadText(link.text)) faults.push("'links' is invalid");
  }
  return faults;
}
