import { expect, it } from 'vitest';
import { within } from './deadline.ts';
import { sharedGateway } from './gateway-process.ts';
import { KernelClient, launchKernel } from './kernel-client.ts';
import { residentMemory } from './process-list.ts';
import { describeE2e } from './suite.ts';

const MEGABYTE = 1024 * 1024;

describeE2e('a client that does not read', () => {
  const gateway = sharedGateway({ env: { EG_WS_CLIENT_BUFFER_SIZE: String(4 * MEGABYTE) } });

  it('slows no other client, nor does the gateway hold all of its output', async () => {
    const id = await launchKernel(gateway.current);
    const slow = await KernelClient.connect(gateway.current, id);
    const quick = await KernelClient.connect(gateway.current, id);
    await quick.execute('pass');
    slow.socket.pause();
    const before = residentMemory(gateway.current.pid);
    let peak = before;
    for (let round = 0; round < 10; round += 1) {
      const { reply, stdout } = await within(20_000, 'the output', quick.execute('print("x" * 20_000_000)'));
      expect(reply.content.status).toBe('ok');
      expect(stdout.length).toBe(20_000_001);
      peak = Math.max(peak, residentMemory(gateway.current.pid));
      quick.messages.length = 0;
    }
    // 200 MB went by. One message is in flight several times over (20 MB each); all of it never is.
    expect((peak - before) / MEGABYTE).toBeLessThan(180);

    // It reads on: it was cut off with a reason, or has everything. Silence in between is what must not be.
    const closing = slow.closing(20_000);
    slow.socket.resume();
    const outcome = await Promise.race([closing, slow.execute('print("alive")')]).catch(() => closing);
    if ('code' in outcome) {
      expect(outcome.code).not.toBe(1006);
      expect(outcome.reason).not.toBe('');
    } else {
      expect(outcome.stdout).toBe('alive\n');
    }
  });

  it('slows no other kernel', async () => {
    const [first, second] = await Promise.all([launchKernel(gateway.current), launchKernel(gateway.current)]);
    const slow = await KernelClient.connect(gateway.current, first);
    const other = await KernelClient.connect(gateway.current, second);
    slow.sendExecute('for _ in range(200): print("x" * 1_000_000)');
    slow.socket.pause();
    for (let round = 0; round < 20; round += 1) {
      const { stdout } = await within(10_000, 'the answer', other.execute(`print(${round})`));
      expect(stdout).toBe(`${round}\n`);
    }
  });
});
