/** The small menu of a word in a line: ask for it, leave it out, copy it, follow its request. */
import { useEffect, useRef } from 'preact/hooks';
import { showHidden } from '../clean.ts';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { type Term, termText } from '../state/logsFilter.ts';
import type { Token } from './logsList.tsx';

interface Props {
  app: string;
  token: Token;
  onTerm(term: Term): void;
  onClose(): void;
}

const WIDTH_PX = 240;

export function TokenMenu({ app, token, onTerm, onClose }: Props) {
  const { router, toast } = useApp();
  const box = useRef<HTMLDivElement>(null);
  const { term, requestId, at } = token;
  useEffect(() => {
    const before = document.activeElement;
    box.current?.querySelector<HTMLElement>('button, a')?.focus({ preventScroll: true });
    const onPress = (event: PointerEvent) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) onClose();
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      onClose();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
    document.addEventListener('pointerdown', onPress);
    document.addEventListener('keydown', onKey, true);
    return () => {
      document.removeEventListener('pointerdown', onPress);
      document.removeEventListener('keydown', onKey, true);
    };
  }, [token]);
  async function copy() {
    try {
      await navigator.clipboard.writeText(requestId ?? term.value);
      toast.value = 'Copied';
    } catch {
      toast.value = 'The browser did not allow copying.';
    }
    onClose();
  }
  const below = at.bottom + 190 < innerHeight;
  return (
    <div
      ref={box}
      class="log-menu"
      role="dialog"
      aria-label={`Filter by ${showHidden(termText(term))}`}
      style={{
        left: `${Math.max(8, Math.min(at.left, innerWidth - WIDTH_PX - 8))}px`,
        ...(below ? { top: `${at.bottom + 4}px` } : { bottom: `${innerHeight - at.top + 4}px` }),
      }}
    >
      <p class="mono cut" title={term.value}>
        {showHidden(term.value)}
      </p>
      <button type="button" class="quiet" onClick={() => onTerm(term)}>
        Only lines with it
      </button>
      <button type="button" class="quiet" onClick={() => onTerm({ ...term, isNot: true })}>
        Leave them out
      </button>
      {requestId !== null && (
        <a class="button quiet" href={router.link(logsPath(app, { rid: requestId }))}>
          All lines of this request
        </a>
      )}
      <button type="button" class="quiet" onClick={() => void copy()}>
        Copy
      </button>
    </div>
  );
}
