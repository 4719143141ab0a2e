import { generateKeyPairSync, sign } from 'node:crypto'

/** A certificate that nobody has signed but itself, and its key, for a TLS server within a test. */
export function selfSigned(name: string): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = sequence(element(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
  const commonName = sequence(element(0x06, Buffer.from('550403', 'hex')), element(0x0c, Buffer.from(name)))
  const who = sequence(element(0x31, commonName))
  const validity = sequence(...['20200101000000Z', '20991231235959Z'].map((time) => element(0x18, Buffer.from(time))))
  const serial = element(0x02, Buffer.from([1]))
  const key = publicKey.export({ type: 'spki', format: 'der' })
  const certificate = sequence(serial, ecdsaWithSha256, who, validity, who, key)
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', certificate, privateKey)])
  const signed = sequence(certificate, ecdsaWithSha256, element(0x03, signature))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${signed.toString('base64')}\n-----END CERTIFICATE-----\n`,
  }
}

/** One element of DER: a tag, a length, and what it holds. */
function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, ...parts)
