/** The classes of Enterprise Gateway's configuration that options belong to, each with its ancestors and synonyms. */
import type { TraitName } from './option.ts';

export const app = traitsOf(['EnterpriseGatewayApp', 'EnterpriseGatewayConfigMixin']);
export const application = traitsOf(['EnterpriseGatewayApp', 'JupyterApp', 'Application']);
export const kernels = traitsOf([
  'RemoteMappingKernelManager',
  'AsyncMappingKernelManager',
  'MappingKernelManager',
  'AsyncMultiKernelManager',
  'MultiKernelManager',
  'RemoteKernelManager',
]);
export const specs = traitsOf(['KernelSpecManager']);
export const specCache = traitsOf(['KernelSpecCache']);
export const sessions = traitsOf(['FileKernelSessionManager', 'KernelSessionManager']);
export const webhook = traitsOf(['WebhookKernelSessionManager']);

function traitsOf(classes: readonly string[]): (name: string) => TraitName {
  return (name) => ({ classes, name });
}
