/**
 * One message as Jupyter's own programs wrote it, once: ZeroMQ frames by
 * jupyter_client, WebSocket frames by jupyter_server.
 */
import type { KernelMessage } from '../../../src/adapters/channels/kernel-message.ts';

export const KEY = 'a0b1c2d3-key';

const HEADER =
  '{"msg_id": "m-1", "msg_type": "display_data", "username": "u", "session": "s-1", "date": "2025-01-02T03:04:05.678901Z", "version": "5.3"}';
const PARENT_HEADER = '{"msg_id": "p-1", "msg_type": "execute_request", "session": "s-2"}';
const CONTENT = '{"data": {"text/plain": "π ≠ \\"3\\"\\n"}, "big": 12345678901234567890, "transient": {}}';

export const message: KernelMessage = {
  channel: 'iopub',
  header: Buffer.from(HEADER),
  parentHeader: Buffer.from(PARENT_HEADER),
  metadata: Buffer.from('{}'),
  content: Buffer.from(CONTENT),
  buffers: [Buffer.from('0001feff', 'hex'), Buffer.alloc(0), Buffer.from('abc')],
};

export const withoutBuffers: KernelMessage = { ...message, channel: 'shell', buffers: [] };

const HEADER_HEX =
  '7b226d73675f6964223a20226d2d31222c20226d73675f74797065223a2022646973706c61795f64617461222c20' +
  '22757365726e616d65223a202275222c202273657373696f6e223a2022732d31222c202264617465223a20223230' +
  '32352d30312d30325430333a30343a30352e3637383930315a222c202276657273696f6e223a2022352e33227d';
const PARENT_HEADER_HEX =
  '7b226d73675f6964223a2022702d31222c20226d73675f74797065223a2022657865637574655f72657175657374' +
  '222c202273657373696f6e223a2022732d32227d';
const CONTENT_HEX =
  '7b2264617461223a207b22746578742f706c61696e223a2022cf8020e289a0205c22335c225c6e227d2c20226269' +
  '67223a2031323334353637383930313233343536373839302c20227472616e7369656e74223a207b7d7d';

const hex = (text: string) => Buffer.from(text, 'hex');

/** Identity, delimiter, signature, header, parent header, metadata, content, three buffers. */
export const zmqFrames: Buffer[] = [
  hex('6b65726e656c2e696f707562'),
  hex('3c4944537c4d53473e'),
  Buffer.from('6e8c0061f87cd71c4cdef300cf901a997aeae9cf98cdaabd6432a634c713e761'),
  hex(HEADER_HEX),
  hex(PARENT_HEADER_HEX),
  hex('7b7d'),
  hex(CONTENT_HEX),
  hex('0001feff'),
  hex(''),
  hex('616263'),
];

/** Signatures of the same parts by other schemes. */
export const otherSignatures = {
  'hmac-md5': '6279b2b752684d810f8db7c6148f0f15',
  'hmac-sha512':
    'a8616872b14eba4379e46ac2266b1d2eaf298d0fdfdc7dbaa81e533e9c062a3b' +
    '3102ce1e8780f53abb9f3d5ff6c22af135bfdea26b5b9f0ebdc7b6d93590d7e6',
};

/** {@link message} under `v1.kernel.websocket.jupyter.org`. */
export const v1Frame: Buffer = hex(
  '090000000000000050000000000000005500000000000000de000000000000002001000000000000220100000000' +
    '00007a010000000000007e010000000000007e010000000000008101000000000000696f707562' +
    `${HEADER_HEX}${PARENT_HEADER_HEX}7b7d${CONTENT_HEX}0001feff616263`,
);

/** {@link withoutBuffers} likewise. */
export const v1FrameWithoutBuffers: Buffer = hex(
  '060000000000000038000000000000003d00000000000000c6000000000000000801000000000000' +
    '0a0100000000000062010000000000007368656c6c' +
    `${HEADER_HEX}${PARENT_HEADER_HEX}7b7d${CONTENT_HEX}`,
);

/** {@link message} under the default protocol: spaces and escapes are those of Python. */
export const defaultFrame: Buffer = hex(
  '0000000400000014000001bb000001bf000001bf7b22686561646572223a20' +
    `${HEADER_HEX}2c2022706172656e745f686561646572223a20${PARENT_HEADER_HEX}` +
    '2c20226d65746164617461223a207b7d2c2022636f6e74656e74223a207b2264617461223a207b22746578742f70' +
    '6c61696e223a20225c7530336330205c7532323630205c22335c225c6e227d2c2022626967223a20313233343536' +
    '37383930313233343536373839302c20227472616e7369656e74223a207b7d7d2c20226d73675f6964223a20226d' +
    '2d31222c20226d73675f74797065223a2022646973706c61795f64617461222c20226368616e6e656c223a202269' +
    '6f707562227d0001feff616263',
);

/** The content in {@link defaultFrame}. */
export const CONTENT_IN_ASCII =
  '{"data": {"text/plain": "\\u03c0 \\u2260 \\"3\\"\\n"}, "big": 12345678901234567890, "transient": {}}';

/** {@link withoutBuffers}, with the channel iopub, as a text frame. */
export const defaultText: Buffer = Buffer.from(
  `{"header": ${HEADER}, "parent_header": ${PARENT_HEADER}, "metadata": {}, "content": ${CONTENT_IN_ASCII}, ` +
    '"buffers": [], "msg_id": "m-1", "msg_type": "display_data", "channel": "iopub"}',
);
