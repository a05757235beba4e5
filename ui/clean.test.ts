import { expect, it } from 'vitest';
import { showHidden } from './clean.ts';

it('SEC-30 controls and direction marks are shown, not obeyed', () => {
  expect(showHidden('/\u202egnp.exe')).toBe('/⟨U+202E⟩gnp.exe');
  expect(showHidden('\u001b[31mred\u0007')).toBe('␛[31mred␇');
  expect(showHidden('a\u200bb\ufeff')).toBe('a⟨U+200B⟩b⟨U+FEFF⟩');
});

it('ordinary text of any script stays as it is', () => {
  expect(showHidden('GET /käse/日本語?q=né')).toBe('GET /käse/日本語?q=né');
});
