/** The port on which gateways hear of their kernels, and the ports of kernels, as anyone in the cluster can reach them. */
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { type GatewayProcess, unusedPort } from '../gateway-process.ts';
import { evaluate, KernelClient } from '../kernel-client.ts';
import { testCluster } from './cluster-api.ts';
import { ownClusterGateway, sharedClusterGateway } from './gateway-on-cluster.ts';
import { launchPod, podOfKernel } from './launched-pod.ts';
import { describeCluster } from './suite.ts';

interface Address {
  host: string;
  port: number;
}

describeCluster('the response port', () => {
  const gateway = sharedClusterGateway();

  it.each(['python_kubernetes', 'old_launcher'])(
    'takes garbage while a launch of %s is under way, and does it no harm',
    async (name) => {
      await launchPod(gateway.current, { name: 'light' });
      const id = randomUUID();
      const port = responsePort(gateway.current);
      const silent = await opened(port);
      const launch = launchPod(gateway.current, { name, env: { KERNEL_ID: id } });
      let isLaunched = false;
      const throwing = (async () => {
        while (!isLaunched) await Promise.all(garbageFor(id).map((bytes) => answerOf(port, bytes)));
      })();
      await launch.finally(() => {
        isLaunched = true;
      });
      await throwing;
      silent.destroy();
      const client = await KernelClient.connect(gateway.current, id);
      expect((await client.execute('print(6 * 7)')).stdout).toBe('42\n');
      await gateway.current.logged(/refused what came to the response port: it was too long/);
    },
  );

  it('refuses an answer in the name of a kernel from someone who does not have its token', async () => {
    const { id, container } = await launchPod(gateway.current, { name: 'light' });
    const key = container.env?.find(({ name }) => name === 'KERNEL_GATEWAY_KEY')?.value ?? '';
    expect(key).not.toBe('');
    const answer = {
      version: 2,
      kernel_id: id,
      public_key: key,
      nonce: randomBytes(12).toString('base64'),
      conn_info: randomBytes(300).toString('base64'),
    };
    const said = await answerOf(responsePort(gateway.current), Buffer.from(JSON.stringify(answer)));
    expect(JSON.parse(said)).toMatchObject({ accepted: false, error: expect.stringMatching(/./) });
    expect((await gateway.current.request(`/api/kernels/${id}`)).status).toBe(200);
  });

  it('refuses an answer for a kernel that nobody waits for, and says so', async () => {
    const answer = {
      version: 2,
      kernel_id: randomUUID(),
      public_key: randomBytes(32).toString('base64'),
      nonce: randomBytes(12).toString('base64'),
      conn_info: randomBytes(300).toString('base64'),
    };
    const said = await answerOf(responsePort(gateway.current), Buffer.from(JSON.stringify(answer)));
    expect(JSON.parse(said)).toMatchObject({
      accepted: false,
      error: 'this gateway waits for no such kernel',
    });
  });
});

describeCluster('an answer that somebody has recorded', () => {
  it('is refused once the launch that it belonged to is over', async () => {
    const { responseIp } = testCluster();
    const gatewayPort = { host: responseIp, port: await unusedPort() };
    const relay = await startRelay(responseIp, gatewayPort);
    const argv = ['python', 'launch_kubernetes.py', '--response-address', `${responseIp}:${relay.port}`];
    const gateway = await ownClusterGateway({
      env: { EG_RESPONSE_PORT: String(gatewayPort.port) },
      clusterSpecs: { relayed: { image: 'kernelPy', files: { 'kernel.json': kernelJson(argv) } } },
    });
    const { id } = await launchPod(gateway, { name: 'relayed' });
    const client = await KernelClient.connect(gateway, id);
    expect((await client.execute('x = "first"')).reply.content.status).toBe('ok');
    const [recorded = Buffer.alloc(0)] = relay.recorded;
    expect(JSON.parse(recorded.toString())).toMatchObject({ version: 2, kernel_id: id });

    const { status } = await gateway.request(`/api/kernels/${id}/restart`, { method: 'POST' });
    expect(status).toBe(200);
    await client.execute('x = "second"');
    expect(JSON.parse(await answerOf(gatewayPort, recorded))).toMatchObject({ accepted: false });
    expect(await evaluate(client, 'x')).toBe('second');
    await gateway.request(`/api/kernels/${id}`, { method: 'DELETE' });
  });
});

describeCluster('the ports of a kernel', () => {
  const gateway = sharedClusterGateway({
    clusterSpecs: { ranged: { image: 'kernelPy', config: { port_range: '41000..42100' } } },
  });
  const LISTENING = [
    '[int(f[1].split(":")[1], 16) for table in ("tcp", "tcp6")',
    ' for f in map(str.split, list(open("/proc/net/" + table))[1:])',
    ' if f[3] == "0A" and not f[1].startswith("0100007F")]',
  ].join('');

  it('lie in the range of the kernelspec', async () => {
    const { id } = await launchPod(gateway.current, { name: 'ranged' });
    const client = await KernelClient.connect(gateway.current, id);
    const ports = await evaluate<number[]>(client, LISTENING);
    expect(ports).toHaveLength(6);
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(41_000);
      expect(port).toBeLessThanOrEqual(42_100);
    }
  });

  it('take garbage and empty connections, after which it is interrupted, restarted and deleted as ever', async () => {
    const { id } = await launchPod(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    const ports = await evaluate<number[]>(client, LISTENING);
    const host = (await podOfKernel(id)).status?.podIP ?? '';
    const shutdown = Buffer.from('{"shutdown": 1}');
    for (const port of ports) {
      const address = { host, port };
      for (const bytes of [Buffer.alloc(0), shutdown, ...garbageFor(id)]) await answerOf(address, bytes);
    }
    const msgId = await client.runForever();
    await gateway.current.request(`/api/kernels/${id}/interrupt`, { method: 'POST' });
    expect((await client.finished(msgId)).reply.content.ename).toBe('KeyboardInterrupt');
    const { status } = await gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST' });
    expect(status).toBe(200);
    expect((await client.execute('print("back")')).stdout).toBe('back\n');
  });
});

/** Where the gateway says that it listens for the answers of kernels. */
function responsePort({ log }: GatewayProcess): Address {
  const [, host = '', port] = /are to answer to \[?([\d.:a-f]+?)\]?:(\d+)/.exec(log) ?? [];
  expect(host, `the response address in the log:\n${log}`).not.toBe('');
  return { host, port: Number(port) };
}

interface Relay {
  port: number;
  /** What each connection has sent. */
  recorded: Buffer[];
}

/** Listens in the gateway's stead, and passes everything on. */
async function startRelay(host: string, target: Address): Promise<Relay> {
  const recorded: Buffer[] = [];
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    socket.on('error', () => {});
    const sent = await buffer(socket);
    recorded.push(sent);
    socket.end(await answerOf(target, sent));
  });
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as { port: number }).port, recorded };
}

function kernelJson(argv: string[]): string {
  const class_name = 'enterprise_gateway.services.processproxies.k8s.KubernetesProcessProxy';
  const metadata = { process_proxy: { class_name, config: {} } };
  return JSON.stringify({ argv, display_name: 'Relayed', language: 'python', metadata });
}

/** What may come to a port that is open to anyone. */
function garbageFor(id: string): Buffer[] {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const base64 = (bytes: Buffer) => Buffer.from(bytes.toString('base64'));
  return [
    Buffer.alloc(0),
    randomBytes(500),
    base64(randomBytes(512)),
    base64(json({ version: 1, key: randomBytes(256).toString('base64'), conn_info: 'AAAA' })),
    base64(json({ version: 99 })),
    json({ version: 2, kernel_id: id }),
    json({ version: 2, kernel_id: id, public_key: 'x', nonce: 7, conn_info: null }),
    json([]),
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    randomBytes(200 * 1024),
  ];
}

async function opened(address: Address): Promise<Socket> {
  const socket = connect({ ...address, allowHalfOpen: true });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** All that comes back for these bytes; a connection that is cut, or answers nothing for a while, has said nothing. */
async function answerOf(address: Address, bytes: Buffer): Promise<string> {
  const socket = connect({ ...address, allowHalfOpen: true });
  socket.setTimeout(500, () => socket.destroy());
  socket.end(bytes);
  const said = await text(socket).catch(() => '');
  socket.destroy();
  return said;
}
