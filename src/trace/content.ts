import type { Json } from '../log/index.js'

/** FNV-1a over code units: 32 bits, the same on every host. */
export function digestText(text: string, from = 0x811c9dc5): number {
  let hash = from
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash | 0
}

/** 32 bits that tell two payloads apart. Whole numbers, the most common payload on hot paths, need no text. */
export function digestContent(type: string, payload: Json): number {
  const from = digestText(type)
  if (typeof payload === 'number' && Number.isInteger(payload)) {
    return Math.imul(from ^ (payload | 0) ^ Math.floor(payload / 0x1_0000_0000), 0x01000193) | 0
  }
  return digestText(JSON.stringify(payload), from)
}
