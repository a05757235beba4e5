import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { causeOf, isLastingFailure, isRefusedData } from './failure.ts';

function stateError(code: string): Error {
  return Object.assign(new Error(`state ${code}`), { code });
}

test('P-06 P-07 read-only and a withdrawn right are told apart by name, and both may pass', () => {
  expect(causeOf(stateError('25006'))).toBe('readOnly');
  expect(causeOf(stateError('42501'))).toBe('planFull');
  for (const state of ['25006', '42501']) {
    expect(isLastingFailure(stateError(state))).toBe(false);
    expect(isRefusedData(stateError(state))).toBe(false);
  }
});

test('P-08 P-10 P-13 P-18 P-19 a full disk, used-up connections and locks have names', () => {
  expect(causeOf(stateError('53100'))).toBe('diskFull');
  expect(causeOf(stateError('53300'))).toBe('noConnections');
  for (const state of ['55P03', '57014', '40P01', '40001']) expect(causeOf(stateError(state))).toBe('locked');
});

test('a server that stops, starts or cannot be reached is away, whoever says so', () => {
  for (const state of ['57P01', '57P02', '57P03', '57P05', '08006', '08P01', '08001']) {
    expect(causeOf(stateError(state))).toBe('away');
  }
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND']) {
    expect(causeOf(stateError(code))).toBe('away');
  }
  for (const words of [
    'Connection terminated',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Query read timeout',
    'timeout exceeded when trying to connect',
    'timeout expired',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
  ]) {
    expect(causeOf(new Error(words)), words).toBe('away');
  }
});

test('a refused connection of this machine is away', async () => {
  const error = await new Promise((resolve) => {
    connect({ port: 1, host: '127.0.0.1' }).once('error', resolve);
  });
  expect(causeOf(error)).toBe('away');
});

test('anything else that may pass is other, whatever it is', () => {
  for (const error of [
    stateError('53200'),
    stateError('23514'),
    new Error('odd'),
    null,
    undefined,
    'text',
    7,
  ]) {
    expect(causeOf(error)).toBe('other');
    expect(isLastingFailure(error)).toBe(false);
  }
});
