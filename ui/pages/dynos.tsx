/** Dynos of an app: memory lanes worst first, growth, load per core, lives, and where sizes are known from. */
import { useMemo, useRef, useState } from 'preact/hooks';
import type { DynoAnswer, DynosAnswer } from '../../api/contract/dynos.ts';
import { showHidden } from '../clean.ts';
import { Fresh } from '../parts/fresh.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import '../styles/dynos.css';
import { buildDynosVerdict, worstFirst } from '../verdict/dynos.ts';
import { DynoLanes } from './dynoLanes.tsx';
import { DynoSizes } from './dynoSizes.tsx';
import { DynoTable } from './dynoTable.tsx';
import { EnableMetrics } from './enableMetrics.tsx';
import { VerdictTop } from './verdictTop.tsx';

const REFRESH_MS = 15_000;

export function DynosPage({ app }: { app: string }) {
  const dynos = useAnswer<DynosAnswer>(`/apps/${encodeURIComponent(app)}/dynos`, {
    ranged: 'points',
    everyMs: REFRESH_MS,
  });
  return (
    <Fresh of={dynos} what="dynos">
      {(answer) => <Dynos answer={answer} onChange={() => void dynos.load()} />}
    </Fresh>
  );
}

function Dynos({ answer, onChange }: { answer: DynosAnswer; onChange(): void }) {
  const { range } = useApp();
  const types = [...new Set(answer.dynos.map((dyno) => dyno.processType))];
  const chosen = types.includes(range.proc.value) ? range.proc.value : '';
  const shown = useMemo(
    () => worstFirst(answer.dynos.filter((dyno) => chosen === '' || dyno.processType === chosen)),
    [answer, chosen],
  );
  const held = useHeldOrder(shown);
  const verdict = buildDynosVerdict(answer, shown, range.zone.value);
  return (
    <>
      <VerdictTop answer={answer} title="Dynos" verdict={verdict}>
        {types.length > 1 && <TypeSwitch types={types} chosen={chosen} />}
      </VerdictTop>
      {!answer.hasRuntimeMetrics && answer.health.state !== 'waiting' && <EnableMetrics app={answer.app} />}
      {shown.length > 0 && (
        <div onPointerEnter={held.hold} onPointerLeave={held.release}>
          {answer.hasRuntimeMetrics && (
            <>
              <DynoLanes answer={answer} dynos={held.dynos} />
              {held.isOld && (
                <p class="muted resort">
                  The order has changed.{' '}
                  <button type="button" class="quiet" onClick={held.release}>
                    Sort again
                  </button>
                </p>
              )}
            </>
          )}
          {answer.leftOut > 0 && (
            <p class="muted">{answer.leftOut} more dynos are not drawn; choose a process type.</p>
          )}
          <DynoTable answer={answer} dynos={held.dynos} />
        </div>
      )}
      {answer.types.length > 0 && <DynoSizes answer={answer} onChange={onChange} />}
    </>
  );
}

/** While the pointer is over them, dynos keep their places and new ones come last. */
function useHeldOrder(sorted: readonly DynoAnswer[]) {
  const [isHeld, setHeld] = useState(false);
  const order = useRef<string[]>([]);
  const names = sorted.map((dyno) => dyno.dyno);
  if (!isHeld) order.current = names;
  const place = (dyno: DynoAnswer) => {
    const at = order.current.indexOf(dyno.dyno);
    return at < 0 ? order.current.length : at;
  };
  const dynos = isHeld ? [...sorted].sort((a, b) => place(a) - place(b)) : sorted;
  return {
    dynos,
    isOld: isHeld && dynos.some((dyno, at) => dyno.dyno !== names[at]),
    hold: () => setHeld(true),
    release: () => setHeld(false),
  };
}

function TypeSwitch({ types, chosen }: { types: string[]; chosen: string }) {
  const { range } = useApp();
  return (
    <fieldset class="segmented type-switch">
      <legend>Process type</legend>
      {['', ...types].map((type) => (
        <label key={type}>
          <input
            type="radio"
            name="process-type"
            value={type}
            checked={chosen === type}
            onChange={() => range.setFilter('proc', type)}
          />
          <span>{type === '' ? 'All' : showHidden(type)}</span>
        </label>
      ))}
    </fieldset>
  );
}
