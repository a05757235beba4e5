/** One line opened: its whole text, its fields, and where each of them leads. */
import { useMemo } from 'preact/hooks';
import { showHidden } from '../clean.ts';
import { formatClock, formatDate, zoneName } from '../format.ts';
import { lineText } from '../logsText.ts';
import { fieldsOf } from '../logsTokens.ts';
import { CopyButton, CopyId } from '../parts/copy.tsx';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import type { Line } from '../state/logsBuffer.ts';
import type { Term } from '../state/logsFilter.ts';
import { type RowLook, TextPieces } from './logsRow.tsx';

interface Props {
  app: string;
  line: Line;
  look: RowLook;
  onTerm(term: Term): void;
  onStep(step: 1 | -1): void;
  onClose(): void;
}

export function LogLine({ app, line, look, onTerm, onStep, onClose }: Props) {
  const { router } = useApp();
  const fields = useMemo(() => fieldsOf(line.text), [line]);
  const { zone } = look;
  const around = logsPath(app, { line: line.id, at: line.atMs });
  return (
    <aside class="log-line" id="log-line" aria-label="The line that is open">
      <div class="log-line-head">
        <h2>
          {formatDate(line.atMs, zone)} {formatClock(line.atMs, zone)}
          <span class="muted">
            .{String(line.atMs % 1000).padStart(3, '0')} {zoneName(line.atMs, zone)}
          </span>
        </h2>
        <span class="grow" />
        <button type="button" class="quiet" onClick={() => onStep(-1)} title="Line before ( k )">
          <span class="sr">Line before</span>
          <span aria-hidden="true">↑</span>
        </button>
        <button type="button" class="quiet" onClick={() => onStep(1)} title="Next line ( j )">
          <span class="sr">Next line</span>
          <span aria-hidden="true">↓</span>
        </button>
        <button type="button" class="quiet" onClick={onClose} title="Close ( Esc )">
          Close
        </button>
      </div>
      <div class="log-line-actions">
        <CopyButton text={lineText(line)}>Copy line</CopyButton>
        <a class="button" href={router.link(around)}>
          ± 30 s around it
        </a>
        {line.requestId !== null && (
          <a class="button primary" href={router.link(logsPath(app, { rid: line.requestId, at: line.atMs }))}>
            Its request
          </a>
        )}
        {line.code !== null && (
          <a
            class="button"
            href={router.link(`/a/${encodeURIComponent(app)}/codes/${encodeURIComponent(line.code)}`)}
          >
            About {line.code}
          </a>
        )}
      </div>
      <pre class="log-line-text">
        <TextPieces text={line.text} marks={look.marks} />
      </pre>
      {line.isCut && (
        <p class="muted">The line was longer; its end was cut off when it arrived, and is not kept.</p>
      )}
      <dl class="log-fields">
        <Field
          name="source"
          value={line.source}
          term={{ field: 'source', value: line.source, isNot: false }}
          onTerm={onTerm}
        />
        {line.procid && (
          <Field
            name="process"
            value={line.procid}
            term={{ field: 'dyno', value: line.procid, isNot: false }}
            onTerm={onTerm}
          />
        )}
        {line.level && (
          <Field
            name="level"
            value={line.level}
            term={{ field: 'level', value: line.level, isNot: false }}
            onTerm={onTerm}
          />
        )}
        {line.code && (
          <Field
            name="code"
            value={line.code}
            term={{ field: 'code', value: line.code, isNot: false }}
            onTerm={onTerm}
          />
        )}
        {line.status !== null && (
          <Field
            name="status"
            value={String(line.status)}
            term={{ field: 'status', value: String(line.status), isNot: false }}
            onTerm={onTerm}
          />
        )}
        {line.requestId && (
          <div>
            <dt>request id</dt>
            <dd>
              <CopyId text={showHidden(line.requestId)} what="request id" />
            </dd>
          </div>
        )}
        {fields
          .filter(({ name }) => !['code', 'status', 'dyno', 'request_id'].includes(name))
          .map(({ name, value, term }) => (
            <Field key={name} name={name} value={value} term={term} onTerm={onTerm} />
          ))}
      </dl>
    </aside>
  );
}

function Field({
  name,
  value,
  term,
  onTerm,
}: {
  name: string;
  value: string;
  term: Term;
  onTerm(term: Term): void;
}) {
  const shown = showHidden(value);
  return (
    <div>
      <dt>{showHidden(name)}</dt>
      <dd>
        <span class="mono wrap">{shown}</span>
        <span class="log-field-buttons">
          <button
            type="button"
            class="quiet"
            onClick={() => onTerm(term)}
            aria-label={`Only lines with ${name} ${shown}`}
          >
            Only
          </button>
          <button
            type="button"
            class="quiet"
            onClick={() => onTerm({ ...term, isNot: true })}
            aria-label={`Leave out lines with ${name} ${shown}`}
          >
            Leave out
          </button>
        </span>
      </dd>
    </div>
  );
}
