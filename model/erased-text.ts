/** A text that is to be erased, in the forms in which requests carry it (SEC-49). */

/** Stands where it was. */
export const ERASED = '{erased}';
/** A shorter text would take half of what is kept with it by mistake. */
export const ERASED_TEXT_MIN = 3;

export interface ErasedText {
  /** An expression that finds it, in upper or lower case, of Postgres (`~*`) and of JavaScript alike. */
  pattern: string;
  isIn(text: string): boolean;
  /** The text with ERASED in its place. */
  hide(text: string): string;
}

/** As it stands, and as an address carries it: `Mrs Jones` is `Mrs%20Jones` and `Mrs+Jones`, too. Throws RangeError for one too short. */
export function erasedText(text: string): ErasedText {
  if (text.trim().length < ERASED_TEXT_MIN) {
    throw new RangeError(`a text to erase has ${ERASED_TEXT_MIN} characters at least`);
  }
  const encoded = encodeURIComponent(text.toWellFormed());
  const forms = new Set([text, encoded, encoded.replaceAll('%20', '+'), text.replaceAll(' ', '+')]);
  const pattern = [...forms].map((form) => form.replace(/[^A-Za-z0-9\u0080-\uffff]/g, '\\$&')).join('|');
  const finds = new RegExp(pattern, 'i');
  const all = new RegExp(pattern, 'gi');
  return { pattern, isIn: (other) => finds.test(other), hide: (other) => other.replace(all, ERASED) };
}
