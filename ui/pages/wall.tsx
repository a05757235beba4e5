/**
 * The fleet on a wall, `/?wall=1`: large, without controls, by a link of its own that only reads. Comes back by itself
 * after whatever happened, and says so big when what it shows is old.
 */
import { effect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { ClientError } from '../client.ts';
import { useApp } from '../state/context.ts';
import { WallBoard } from './wallBoard.tsx';
import '../styles/wall.css';

/** A screen may be up before the network is. */
const AGAIN_MS = 5000;
/** A link that was refused may be put right by somebody else. */
const REFUSED_AGAIN_MS = 60_000;

/** The secret of the link: behind `#`, so that no server log has it; taken out of the address at once. */
function takeToken(): string {
  const token = location.hash.slice(1);
  if (token) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

export function WallPage() {
  const { session, prefs } = useApp();
  const [refused, setRefused] = useState('');
  useEffect(() => stayIn(takeToken(), session, setRefused), []);
  useEffect(() => {
    // A wall goes by the room, not by what somebody once chose in this browser.
    const stop = effect(() => {
      void prefs.theme.value;
      delete document.documentElement.dataset.theme;
    });
    document.title = 'Fleet · Drainboard';
    return stop;
  }, []);
  const known = session.answer.value;
  if (known?.wall || known?.person) return <WallBoard name={known.wall?.name ?? ''} />;
  return (
    <main class="wall wall-door wide-page">
      <h1>{refused || known ? 'This screen may not look' : 'Reaching Drainboard…'}</h1>
      <p role="status">
        {refused ||
          (known
            ? 'An admin makes a link for it: menu, Wallboards. Open that link here once.'
            : (session.error.value ?? ''))}
      </p>
    </main>
  );
}

/** Turns the link into a session, and keeps asking who we are: that is also what renews it. */
function stayIn(
  token: string,
  session: ReturnType<typeof useApp>['session'],
  tell: (refused: string) => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let left = token;
  let over = false;
  async function round() {
    let againMs = REFUSED_AGAIN_MS;
    try {
      if (left) await session.beginWall(left);
      left = '';
      tell('');
    } catch (thrown) {
      if (thrown instanceof ClientError && thrown.status === 401) {
        left = '';
        tell(thrown.message);
      } else againMs = AGAIN_MS;
    }
    await session.load();
    if (session.error.peek() !== null) againMs = AGAIN_MS;
    if (!over) timer = setTimeout(() => void round(), againMs);
  }
  void round();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}
