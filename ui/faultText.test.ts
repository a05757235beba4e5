import { expect, it } from 'vitest';
import { faultText } from './faultText.ts';

it('turns what a check says into a sentence for people', () => {
  const said = {
    'Invalid input: expected string, received undefined': 'This is missing.',
    'Too small: expected string to have >=1 characters': 'This is missing.',
    'Too small: expected string to have >=12 characters': 'At least 12 characters, please.',
    'Too big: expected string to have <=64 characters': 'At most 64 characters, please.',
    'Too small: expected number to be >=1': 'At least 1, please.',
    'Invalid email address': 'This is not an e-mail address.',
    'Invalid option: expected one of "viewer"|"editor"|"admin"': 'Choose one of viewer, editor, admin.',
    'Invalid string: must match pattern /^[a-z]/': 'This is not in the form that is needed here.',
    'Unrecognized key: "nmae"': 'Something was sent that is not known here.',
  };
  for (const [message, sentence] of Object.entries(said)) expect(faultText(message), message).toBe(sentence);
});

it('completes half sentences and leaves whole ones as they are', () => {
  expect(faultText('must be before `to`')).toBe('This must be before `to`.');
  expect(faultText('This is not the set-up token of this instance.')).toBe(
    'This is not the set-up token of this instance.',
  );
  expect(faultText('')).toBe('This is not accepted.');
});
