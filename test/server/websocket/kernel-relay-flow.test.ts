import { describe, expect, it } from 'vitest';
import { messageSize } from '../../../src/adapters/channels/kernel-message.ts';
import { kernelMessage } from '../../adapters/channels/kernel-messages.ts';
import { relayFixture } from './relay-fixture.ts';

const ONE = messageSize(kernelMessage('iopub', 'stream', { name: 'stdout', text: '1' }));

describe('a slow client', () => {
  it('holds no other client up, and gets everything in the end, in order', () => {
    const { join, says, link } = relayFixture();
    const [slow, quick] = [join(), join()];
    slow.capacity = 2;
    for (const text of '1234567') says(text);
    expect(quick.heard).toEqual([...'1234567']);
    expect(slow.heard).toEqual(['1', '2']);
    slow.catchUp();
    expect(slow.heard).toEqual([...'1234']);
    says('8');
    for (let round = 0; round < 3; round += 1) slow.catchUp();
    says('9');
    expect(slow.heard).toEqual([...'123456789']);
    expect(link.isPaused).toBe(false);
  });

  it('that takes nothing for too long loses the oldest messages, while a quick one lets the kernel go on', () => {
    const { join, says, link } = relayFixture({ backlogLimit: 3 * ONE });
    const [slow, quick] = [join(), join()];
    slow.capacity = 1;
    for (const text of '12345678') says(text);
    expect(link.isPaused).toBe(false);
    expect(quick.heard).toEqual([...'12345678']);
    slow.capacity = Number.POSITIVE_INFINITY;
    slow.catchUp();
    expect(slow.heard).toEqual(['1', expect.stringContaining('Kernelgate: 4 messages'), '6', '7', '8']);
  });
});

describe('the kernel', () => {
  it('is held back while its only client takes nothing, and goes on after it, though nothing is to be kept', () => {
    const { join, says, link } = relayFixture({ backlogLimit: 0 });
    const client = join();
    client.capacity = 1;
    for (const text of '12') says(text);
    expect(link.isPaused).toBe(true);
    client.catchUp();
    expect(client.heard).toEqual(['1', '2']);
    expect(link.isPaused).toBe(false);
  });

  it('is held back once half of the limit waits for every client, and goes on below a quarter', () => {
    const { join, says, link } = relayFixture({ backlogLimit: 9 * ONE });
    const clients = [join(), join()];
    for (const client of clients) client.capacity = 1;
    for (const text of '12345') says(text);
    expect(link.isPaused).toBe(false);
    says('6');
    expect(link.isPaused).toBe(true);
    for (let waiting = 5; waiting > 3; waiting -= 1) clients[0]?.catchUp();
    expect(link.isPaused).toBe(true);
    clients[0]?.catchUp();
    expect(link.isPaused).toBe(false);
    expect(clients[1]?.heard).toEqual(['1']);
  });

  it('goes on when the last slow client leaves', () => {
    const { join, says, link } = relayFixture({ backlogLimit: 2 * ONE });
    const client = join();
    client.capacity = 1;
    for (const text of '123') says(text);
    expect(link.isPaused).toBe(true);
    client.leaves();
    expect(link.isPaused).toBe(false);
  });

  it('goes on when a quick client joins', () => {
    const { join, says, link } = relayFixture({ backlogLimit: 2 * ONE });
    const slow = join();
    slow.capacity = 1;
    for (const text of '123') says(text);
    join();
    says('4');
    expect(link.isPaused).toBe(false);
  });

  it('is not held back for clients that are away', () => {
    const { join, says, link } = relayFixture({ backlogLimit: 2 * ONE });
    join('a').leaves();
    for (const text of '123456') says(text);
    expect(link.isPaused).toBe(false);
  });

  it('is held back anew when it restarts and its clients are still slow', () => {
    const { relay, join, says, link } = relayFixture({ backlogLimit: 2 * ONE });
    join().capacity = 1;
    for (const text of '123') says(text);
    link.isPaused = false;
    relay.closed();
    relay.opened(link);
    says('4');
    expect(link.isPaused).toBe(true);
  });
});
