/** The little of a gateway's REST API that the benchmark needs. */

const requestTimeoutMs = 120_000;

/** Thrown for an answer that is not the one asked for. */
export class GatewayResponseError extends Error {
  readonly code = 'gateway_response';
}

export class GatewayApi {
  readonly url: string;
  readonly #kernelName: string;

  /** @param url where the gateway listens, its base path included. */
  constructor(url: string, kernelName = 'synthetic') {
    this.url = url.replace(/\/+$/, '');
    this.#kernelName = kernelName;
  }

  async isAnswering(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/api`, { signal: AbortSignal.timeout(5000) });
      await response.text();
      return response.ok;
    } catch {
      return false;
    }
  }

  /** Launches a kernel and returns its id. Throws GatewayResponseError when the gateway did not. */
  async launchKernel(): Promise<string> {
    // Without a user of its own the kernel would be root's where root runs the benchmark; gateways refuse that.
    const body = JSON.stringify({ name: this.#kernelName, env: { KERNEL_USERNAME: 'bench' } });
    const text = await this.#call('POST', '/api/kernels', body);
    return (JSON.parse(text) as { id: string }).id;
  }

  async deleteKernel(id: string): Promise<void> {
    await this.#call('DELETE', `/api/kernels/${id}`);
  }

  /** WebSocket address of a kernel's channels. */
  channelsUrl(id: string): string {
    return `${this.url.replace(/^http/, 'ws')}/api/kernels/${id}/channels`;
  }

  async #call(method: string, path: string, body?: string): Promise<string> {
    const signal = AbortSignal.timeout(requestTimeoutMs);
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${this.url}${path}`, { method, body, headers, signal });
    const text = await response.text();
    if (!response.ok) {
      throw new GatewayResponseError(
        `${method} ${path} was answered ${response.status}: ${text.slice(0, 300)}`,
      );
    }
    return text;
  }
}
