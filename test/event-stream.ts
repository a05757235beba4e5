/** Server-sent events as they are read: one at a time, when somebody asks. */

export interface StreamEvent {
  event?: string;
  id?: string;
  retry?: string;
  data: string;
}

/** Reads the body of an answer, of Node's or the web's kind. */
export function readEvents(body: AsyncIterable<Uint8Array>): {
  /** The next event; null when the stream has ended. */
  next(): Promise<StreamEvent | null>;
  cancel(): Promise<void>;
} {
  const chunks = body[Symbol.asyncIterator]();
  const decoder = new TextDecoder();
  let text = '';
  return {
    async next() {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const block = text.slice(0, end);
          text = text.slice(end + 2);
          return parseEvent(block);
        }
        const { done, value } = await chunks.next();
        if (done === true) return null;
        text += decoder.decode(value, { stream: true });
      }
    },
    async cancel() {
      await chunks.return?.();
    },
  };
}

function parseEvent(block: string): StreamEvent {
  const fields = block.split('\n').map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at), line.slice(at + 1).trimStart()];
  });
  return { data: '', ...Object.fromEntries(fields) };
}
