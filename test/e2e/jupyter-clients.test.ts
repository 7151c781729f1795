import { expect, it } from 'vitest';
import { sharedGateway } from './gateway-process.ts';
import { runPythonTests } from './python-tests.ts';
import { describeE2e } from './suite.ts';

const TOKEN = 'jc-token-12';

describeE2e('Python clients', () => {
  const gateway = sharedGateway();

  it('plain clients of the API work: requests and websocket-client', async () => {
    const { code, report } = await runPythonTests(gateway.current, 'test_plain_client.py');
    expect(code, report).toBe(0);
  }, 240_000);

  it("Jupyter's own gateway classes work: jupyter_client, nbclient, papermill", async () => {
    const { code, report } = await runPythonTests(gateway.current, 'test_gateway_classes.py', {
      JUPYTER_GATEWAY_URL: gateway.current.url,
    });
    expect(code, report).toBe(0);
  }, 240_000);
});

describeE2e('Python clients of a gateway with a base URL', () => {
  const gateway = sharedGateway({ env: { EG_BASE_URL: '/deep/gateway' } });

  it("Jupyter's own gateway classes work", async () => {
    const { code, report } = await runPythonTests(gateway.current, 'test_gateway_classes.py', {
      JUPYTER_GATEWAY_URL: gateway.current.url,
    });
    expect(code, report).toBe(0);
  }, 240_000);
});

describeE2e('Python clients of a gateway with a token', () => {
  const gateway = sharedGateway({ env: { EG_AUTH_TOKEN: TOKEN } });

  it('plain clients send it as a header', async () => {
    const { code, report } = await runPythonTests(gateway.current, 'test_plain_client.py', {
      GATEWAY_TOKEN: TOKEN,
    });
    expect(code, report).toBe(0);
  }, 240_000);
});
