/** Pages that are fetched when they are first needed, so that the first view stays small. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** A page in a file of its own, fetched when it is first needed. */
export function lazy<P>(load: () => Promise<ComponentType<P>>) {
  let ready: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [page, setPage] = useState<{ Page: ComponentType<P> } | null>(ready ? { Page: ready } : null);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (page) return;
      load().then(
        (Page) => {
          ready = Page;
          setPage({ Page });
        },
        () => setFailed(true),
      );
    }, []);
    if (failed) {
      return (
        <div class="trouble" role="alert">
          <h2>Could not load this page</h2>
          <p>Drainboard may have been updated since this tab was opened.</p>
          <button type="button" class="primary" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      );
    }
    const Page = page?.Page as ComponentType<unknown> | undefined;
    return Page ? <Page {...(props as object)} /> : <div class="unloaded" />;
  };
}
