import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { describeE2e } from '../e2e/suite.ts';
import { KernelConnection } from './kernel-connection.ts';
import { launch, launchIpykernel, SIGNAL_KERNEL, startLauncher, VERSION_1 } from './launch.ts';
import { isAlive } from './launcher-process.ts';

const PORTS = ['shell_port', 'iopub_port', 'stdin_port', 'control_port', 'hb_port', 'comm_port'] as const;
const WAITING = { args: ['--', ...SIGNAL_KERNEL] };

describeE2e('the launch handshake', () => {
  it('tells ports on which the kernel answers, at the address that the gateway sees', async () => {
    const { told, kernel } = await launchIpykernel();
    expect(told).toMatchObject({
      ip: '127.0.0.1',
      transport: 'tcp',
      signature_scheme: 'hmac-sha256',
      comm_version: 2,
    });
    expect(await kernel.evaluate('6 * 7')).toBe(42);
  });

  it('speaks version 1 with a gateway that gives neither key nor token', async () => {
    const { gateway, launcher } = await startLauncher({ env: VERSION_1 });
    const told = gateway.openVersion1((await gateway.nextCall()).text);
    expect(told).not.toHaveProperty('comm_version');
    expect(told.kernel_id).toMatch(/^[0-9a-f-]{36}$/);
    expect((await new KernelConnection(told).ready())['status']).toBe('ok');
    launcher.signal('SIGTERM');
    expect(await launcher.exited()).toBe(0);
  });

  it('tells the same again when the gateway hangs up without an answer', async () => {
    const { gateway, launcher } = await startLauncher(WAITING);
    const first = await gateway.nextCall();
    first.stream.destroy();
    const second = await gateway.nextCall();
    second.stream.end('no JSON\n');
    const third = await gateway.nextCall();
    third.stream.end('{"accepted": true}\n');
    expect([second.text, third.text]).toEqual([first.text, first.text]);
    await launcher.wrote(/waiting/);
    expect(isAlive(gateway.open(third.text).pid)).toBe(true);
  });

  it('takes for accepted what the gateway has already, when its first answer was lost', async () => {
    const { gateway, launcher } = await startLauncher(WAITING);
    const first = await gateway.nextCall();
    first.stream.destroy();
    const second = await gateway.nextCall();
    second.stream.end('{"accepted": false, "error": "it has its answer already", "reason": "replay"}\n');
    await launcher.wrote(/waiting/);
    expect(isAlive(gateway.open(second.text).pid)).toBe(true);
  });

  it('ends with status 1 when somebody else has answered before it', async () => {
    const { gateway, launcher } = await startLauncher(WAITING);
    const call = await gateway.nextCall();
    call.stream.end('{"accepted": false, "error": "it has its answer already", "reason": "replay"}\n');
    expect(await launcher.exited()).toBe(1);
  });

  it('ends with status 1 and one line when the gateway refuses, and leaves no kernel', async () => {
    const { gateway, launcher } = await startLauncher(WAITING);
    await launcher.wrote(/waiting/);
    const call = await gateway.nextCall();
    call.stream.end('{"accepted": false, "error": "it was\\nlaunched already"}\n');
    expect(await launcher.exited()).toBe(1);
    expect(launcher.lines).toEqual([
      'launch_ipykernel: the gateway refused this kernel: it was launched already',
    ]);
    expect(isAlive(gateway.open(call.text).pid)).toBe(false);
  });

  it.each([
    [{ KERNEL_GATEWAY_KEY: 'bm90IDMyIGJ5dGVz' }, /KERNEL_GATEWAY_KEY: must be the base64 of 32 bytes/],
    [{ KERNEL_LAUNCH_TOKEN: '%' }, /KERNEL_LAUNCH_TOKEN: must be the base64 of 32 bytes/],
    [{ ...VERSION_1, PUBLIC_KEY: 'bm8ga2V5' }, /--public-key: must be the base64 of an RSA public key/],
  ])('names a malformed key and leaves no kernel (%#)', async (env, line) => {
    const { launcher } = await startLauncher({ ...WAITING, env });
    expect(await launcher.exited()).toBe(1);
    expect(launcher.lines).toEqual([expect.stringMatching(line)]);
  });

  it('takes all its ports from the port range', async () => {
    const { told } = await launch({ ...WAITING, env: { PORT_RANGE: '41000..42000' } });
    const ports = PORTS.map((name) => told[name]);
    expect(new Set(ports).size).toBe(6);
    expect(ports.every((port) => port >= 41_000 && port <= 42_000)).toBe(true);
  });

  it('takes connections on all ports as soon as it has told them', async () => {
    const { told } = await launch();
    await Promise.all(PORTS.filter((name) => name !== 'hb_port').map((name) => connects(told[name])));
  });
});

function connects(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(void socket.destroy()));
    socket.once('error', reject);
  });
}
