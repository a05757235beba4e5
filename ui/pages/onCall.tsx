/** Who is on call now, schedules, who is called after whom, and which alerts go where. */

import type { ReceiverListAnswer } from '../../api/contract/receivers.ts';
import type {
  EscalationPolicyListAnswer,
  RouteListAnswer,
  ScheduleListAnswer,
} from '../../api/contract/schedules.ts';
import '../styles/alerts.css';
import { AlertTabs } from '../parts/alertTabs.tsx';
import { Clauses } from '../parts/clauses.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { useAnswer } from '../state/once.ts';
import { sayOnCallClauses } from '../verdict/alerts.ts';
import { Policies } from './onCallPolicies.tsx';
import { Reach } from './onCallReach.tsx';
import { Routes } from './onCallRoutes.tsx';
import { Schedules } from './onCallSchedules.tsx';

export function OnCallPage() {
  const schedules = useAnswer<ScheduleListAnswer>('/schedules', { everyMs: 60_000 });
  const policies = useAnswer<EscalationPolicyListAnswer>('/escalation-policies');
  const routes = useAnswer<RouteListAnswer>('/notification-routes');
  const receivers = useAnswer<ReceiverListAnswer>('/receivers');
  async function reload() {
    await Promise.all([schedules.load(), policies.load(), routes.load(), receivers.load()]);
  }
  const names = {
    receivers: receivers.data.value?.receivers.map(({ id, name }) => ({ id, name })) ?? [],
    schedules: schedules.data.value?.schedules.map(({ id, title }) => ({ id, name: title })) ?? [],
    policies: policies.data.value?.policies.map(({ id, title }) => ({ id, name: title })) ?? [],
  };
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>On call and routes</h1>
        <nav class="jump" aria-label="Sections">
          <a href="#routes">Who gets what</a>
          <a href="#policies">Escalation</a>
          <a href="#schedules">Schedules</a>
          <a href="#reach">How people are reached</a>
        </nav>
      </div>
      <AlertTabs />
      {schedules.data.value && routes.data.value && (
        <Clauses
          clauses={sayOnCallClauses(schedules.data.value.schedules, routes.data.value.routes.length)}
        />
      )}
      <Fresh of={routes} what="the routes">
        {(answer) => <Routes answer={answer} names={names} onChange={reload} />}
      </Fresh>
      <Fresh of={policies} what="the escalation policies">
        {(answer) => <Policies answer={answer} names={names} onChange={reload} />}
      </Fresh>
      <Fresh of={schedules} what="the schedules">
        {(answer) => (
          <>
            <Schedules answer={answer} onChange={reload} />
            <Reach people={answer.people} receivers={names.receivers} onChange={reload} />
          </>
        )}
      </Fresh>
    </>
  );
}
