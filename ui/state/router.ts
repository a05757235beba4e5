/**
 * The address bar as signals. Paths and filters are pushed (Back undoes them), hover-level changes replaced.
 * Links are plain `<a href>`; clicks on ours are taken over here.
 */
import { computed, type ReadonlySignal, signal } from '@preact/signals';

export interface Router {
  /** Path without query: `/a/shop`. */
  path: ReadonlySignal<string>;
  params: ReadonlySignal<URLSearchParams>;
  push(href: string): void;
  replace(href: string): void;
  /** To the page before, where that is one of ours; a tab that began here stays. */
  back(): void;
  /** Changes query parameters of this page; null or '' takes one away. */
  setParams(changes: Record<string, string | null>, how: 'push' | 'replace'): void;
  /**
   * A link to another page of ours that keeps the time range, the zone and nothing else. What `path` carries in its own
   * query goes before both.
   */
  link(path: string, extra?: Record<string, string>): string;
  /** Starts listening; call the answer to stop. */
  start(): () => void;
}

/** Marks entries of the history that came after another page of ours. */
const OURS = { ours: true };

/** Parameters that belong to the reader rather than to a page, and so travel with every link. */
const KEPT = ['from', 'to', 'tz'];

export function buildRouter(): Router {
  const href = signal(location.pathname + location.search);
  const path = computed(() => splitHref(href.value)[0]);
  const search = computed(() => splitHref(href.value)[1]);
  const params = computed(() => new URLSearchParams(search.value));

  function go(next: string, how: 'push' | 'replace') {
    if (next === href.peek()) return;
    const samePath = splitHref(next)[0] === path.peek();
    if (how === 'push') history.pushState(OURS, '', next);
    else history.replaceState(history.state, '', next);
    href.value = location.pathname + location.search;
    if (how === 'push' && !samePath) {
      window.scrollTo(0, 0);
      // Without a page load nothing tells a screen reader that the page changed: move to its heading.
      requestAnimationFrame(() =>
        document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true }),
      );
    }
  }

  function onClick(event: MouseEvent) {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    // A jump inside the page, and what the server answers itself, stay with the browser.
    if (link.hash || link.pathname.startsWith('/api/')) return;
    event.preventDefault();
    go(link.pathname + link.search, 'push');
  }

  return {
    path,
    params,
    push: (next) => go(next, 'push'),
    replace: (next) => go(next, 'replace'),
    back() {
      if ((history.state as { ours?: boolean } | null)?.ours) history.back();
    },
    setParams(changes, how) {
      const next = new URLSearchParams(params.peek());
      for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === '') next.delete(name);
        else next.set(name, value);
      }
      go(path.peek() + queryOf(next), how);
    },
    link(to, extra) {
      const next = new URLSearchParams();
      for (const name of KEPT) {
        const value = params.value.get(name);
        if (value) next.set(name, value);
      }
      const [path, own] = splitHref(to);
      // A range of its own replaces the whole range of the page, not one end of it.
      const given = new URLSearchParams(own);
      if (given.has('from') || given.has('to')) for (const name of ['from', 'to']) next.delete(name);
      for (const [name, value] of given) next.set(name, value);
      for (const [name, value] of Object.entries(extra ?? {})) next.set(name, value);
      return path + queryOf(next);
    },
    start() {
      const onPop = () => {
        href.value = location.pathname + location.search;
      };
      addEventListener('popstate', onPop);
      document.addEventListener('click', onClick);
      return () => {
        removeEventListener('popstate', onPop);
        document.removeEventListener('click', onClick);
      };
    },
  };
}

function splitHref(href: string): [string, string] {
  const at = href.indexOf('?');
  return at < 0 ? [href, ''] : [href.slice(0, at), href.slice(at)];
}

/** Query text with `:` and `,` left readable, for links that people paste to each other. */
function queryOf(params: URLSearchParams): string {
  const text = params.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
  return text && `?${text}`;
}

/** Parts of a path against a pattern: `/a/:app/codes/:code`. null when it does not fit. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const want = pattern.split('/').filter(Boolean);
  const have = path.split('/').filter(Boolean);
  if (want.length !== have.length) return null;
  const found: Record<string, string> = {};
  for (const [at, part] of want.entries()) {
    const piece = have[at] ?? '';
    if (part.startsWith(':')) {
      try {
        found[part.slice(1)] = decodeURIComponent(piece);
      } catch {
        return null;
      }
    } else if (part !== piece) return null;
  }
  return found;
}

/**
 * Where to go after signing in: a path of ours, or `/`. Everything a browser might read as another host is refused:
 * `//host`, backslashes, control characters, encoded forms of them, other schemes (SEC-26).
 */
export function safeReturnPath(text: string | null): string {
  if (!text?.startsWith('/') || text.length > 2000) return '/';
  let decoded = text;
  for (let round = 0; round < 3; round++) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop tabs and newlines inside URLs
    if (/^\/[/\\]|\\|[\u0000-\u001f\u007f]/.test(decoded)) return '/';
    try {
      const next = decodeURIComponent(decoded);
      if (next === decoded) break;
      decoded = next;
    } catch {
      return '/';
    }
  }
  const url = new URL(text, 'http://ours.invalid');
  if (url.origin !== 'http://ours.invalid' || url.pathname.startsWith('//')) return '/';
  return url.pathname + url.search;
}
