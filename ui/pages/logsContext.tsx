/** Everything said around a request or a line, across the router, the platform and the app; its own lines marked. */
import { useMemo, useRef, useState } from 'preact/hooks';
import type { LogContextAnswer } from '../../api/contract/logs.ts';
import { showHidden } from '../clean.ts';
import { formatClock, formatMs, formatRange, formatSpan, plural, zoneName, zoneSuffix } from '../format.ts';
import { linesMarkdown, linesText } from '../logsText.ts';
import { fieldsOf } from '../logsTokens.ts';
import { CopyButton, CopyId } from '../parts/copy.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import type { Line } from '../state/logsBuffer.ts';
import { logsCall } from '../state/logsCalls.ts';
import type { Term } from '../state/logsFilter.ts';
import { useAnswer } from '../state/once.ts';
import { useLogsKeys } from './logsKeys.ts';
import { LogLine } from './logsLine.tsx';
import { type ListControl, LogList, type Token } from './logsList.tsx';
import type { RowLook } from './logsRow.tsx';
import { TokenMenu } from './logsToken.tsx';

interface Props {
  app: string;
  rid: string | null;
  lineId: string | null;
  look: RowLook;
  hrefOf(term: Term): string;
}

const SPANS_S = [10, 30, 120, 300];

export function LogsContext(props: Props) {
  const { router } = useApp();
  const { app, rid, lineId } = props;
  const params = router.params.value;
  const around = Math.min(300, Math.max(1, Number(params.get('around')) || 30));
  const path = logsCall(app, '/context', [
    ['rid', rid],
    ['line', rid === null ? lineId : null],
    ['at', params.get('at')],
    ['around', around],
  ]);
  const answer = useAnswer<LogContextAnswer>(path);
  return (
    <Fresh of={answer} what={rid === null ? 'the lines around it' : 'the request'}>
      {(found) => <Around {...props} answer={found} around={around} />}
    </Fresh>
  );
}

function Around({
  app,
  rid,
  look,
  answer,
  around,
  hrefOf,
}: Props & { answer: LogContextAnswer; around: number }) {
  const { router } = useApp();
  const [onlyOwn, setOnlyOwn] = useState(false);
  const [openId, setOpenId] = useState<string | null>(null);
  const [token, setToken] = useState<Token | null>(null);
  const control = useRef<ListControl>(null);
  const all = useMemo(() => answer.lines.map((line): Line => ({ ...line, kind: 'line' })), [answer]);
  const own = useMemo(() => all.filter((line) => line.isOwn), [all]);
  const items = onlyOwn ? own : all;
  const open = items.find((line) => line.id === openId) ?? null;
  useLogsKeys({
    control,
    openId,
    onOpen: setOpenId,
    onClose: () => setOpenId(null),
    onEnd: () => control.current?.toEnd(),
  });
  const go = (term: Term) => router.push(hrefOf(term));
  const back = router.link(logsPath(app));
  return (
    <>
      <section class="verdict" aria-label="Summary">
        <div class="verdict-head">
          <h1 tabIndex={-1}>{rid === null ? 'Around a line' : 'One request'}</h1>
          {rid !== null && <CopyId text={showHidden(rid)} what="request id" />}
          <a href={back}>All logs of {showHidden(app)}</a>
        </div>
        <p class="verdict-text">{sentence(answer, own, look)}</p>
      </section>
      <div class="log-tools">
        <fieldset class="segmented">
          <legend class="sr">How far around</legend>
          {SPANS_S.map((span) => (
            <label key={span}>
              <input
                type="radio"
                name="log-around"
                checked={around === span}
                onChange={() => router.setParams({ around: span === 30 ? null : String(span) }, 'replace')}
              />
              <span>± {formatSpan(span * 1000)}</span>
            </label>
          ))}
        </fieldset>
        {own.length > 0 && own.length < all.length && (
          <label class="check">
            <input
              type="checkbox"
              checked={onlyOwn}
              onChange={(event) => setOnlyOwn(event.currentTarget.checked)}
            />
            {rid === null ? 'Only the line' : 'Only its own lines'}
          </label>
        )}
        <span class="grow" />
        <CopyButton text={linesText(items)}>Copy as text</CopyButton>
        <CopyButton text={linesMarkdown(`${app} ${rid ?? ''}`.trim(), items, location.href)}>
          Copy as Markdown
        </CopyButton>
      </div>
      {answer.atMs === null ? (
        <NotFound answer={answer} app={app} rid={rid} />
      ) : (
        <div class={`log-frame${open ? ' log-frame-open' : ''}`}>
          <LogList
            items={items}
            version={0}
            epoch={answer}
            label={`Lines around ${formatClock(answer.atMs, look.zone)}`}
            look={look}
            follows={false}
            openId={openId}
            startId={own[0]?.id ?? null}
            control={control}
            onOpen={(id) => setOpenId(id === openId ? null : id)}
            onToken={setToken}
            onHold={() => {}}
            onEnd={() => {}}
            onTop={() => {}}
            onSelect={() => {}}
            onFill={() => {}}
            head={
              answer.cutBefore ? (
                <p class="log-top muted">There are more lines before these in the span.</p>
              ) : null
            }
          />
          {open && (
            <LogLine
              app={app}
              line={open}
              look={look}
              onTerm={go}
              onStep={(step) => {
                const next = items[items.indexOf(open) + step];
                if (next) setOpenId(next.id);
              }}
              onClose={() => setOpenId(null)}
            />
          )}
        </div>
      )}
      {token && <TokenMenu app={app} token={token} onTerm={go} onClose={() => setToken(null)} />}
      <p class="log-foot muted">
        {formatRange(answer.fromMs, answer.toMs, look.zone)} {zoneName(answer.toMs, look.zone)}, every source,
        no filter.
        {answer.cutAfter && ' There are more lines after these in the span.'}
        {answer.leftOut.length > 0 &&
          ' Healthy lines of this span were thinned out at intake; errors, codes and 5xx are kept first.'}
      </p>
    </>
  );
}

/** `3 lines of this request, by router and web.3: POST /checkout, 503, H12 after 30 s.` */
function sentence(answer: LogContextAnswer, own: Line[], { zone }: RowLook): string {
  if (answer.atMs === null) return '';
  const at = `${formatClock(answer.atMs, zone)}${zoneSuffix(answer.atMs, zone)}`;
  const others = answer.lines.length - own.length;
  const around =
    others === 0 ? 'Nothing else was said around it.' : `${plural(others, 'other line')} around it.`;
  if (answer.requestId === null || own.length === 0) return `The line of ${at}. ${around}`;
  const by = [...new Set(own.map((line) => showHidden(line.procid)))].join(', ');
  const router = own.find((line) => line.source === 'router');
  const fields = new Map(router ? fieldsOf(router.text).map(({ name, value }) => [name, value]) : []);
  const serviceMs = Number.parseInt(fields.get('service') ?? '', 10);
  const what = router
    ? `: ${[
        showHidden(`${fields.get('method') ?? ''} ${fields.get('path') ?? ''}`.trim()),
        router.code ?? '',
        router.status === null ? '' : `status ${router.status}`,
        Number.isNaN(serviceMs) ? '' : `after ${formatMs(serviceMs)}`,
        fields.get('dyno') ? `on ${showHidden(fields.get('dyno') ?? '')}` : '',
      ]
        .filter(Boolean)
        .join(', ')}`
    : '. Its router line is not kept';
  return `${plural(own.length, 'line')} of this request, by ${by}, at ${at}${what}. ${around}`;
}

function NotFound({ answer, app, rid }: { answer: LogContextAnswer; app: string; rid: string | null }) {
  const { router, range } = useApp();
  const zone = range.zone.value;
  const { search, empty } = answer;
  const off = empty === 'off' || empty === 'notSetUp';
  return (
    <div class="log-empty">
      <h2>{rid === null ? 'That line is not kept any more' : 'No line of this request is kept'}</h2>
      <p>
        {off
          ? 'Lines of this app are not kept.'
          : search.complete
            ? 'It is older than what is kept, or it was one of the healthy lines that were left out in a rush.'
            : `Looked back to ${formatClock(search.reachedMs, zone)} ${zoneName(search.reachedMs, zone)}; what is older was not looked at.`}
      </p>
      <div class="row">
        {rid !== null && (
          <a class="button" href={router.link(logsPath(app, { q: rid }))}>
            Search for it as text
          </a>
        )}
        <a class="button" href={router.link(logsPath(app))}>
          All logs
        </a>
      </div>
    </div>
  );
}
