import type { Json } from '../log/index.js'

/** FNV-1a over code units: 32 bits, the same on every host. */
export function digestText(text: string, from = 0x811c9dc5): number {
  let hash = from
  for (let at = 0; at < text.length; at++) hash = mix(hash, text.charCodeAt(at))
  return hash | 0
}

/** No code unit, so that a type and what follows it cannot run into each other. */
const WHOLE = 0x1_0000
const TEXT = 0x1_0001

/** 32 bits that tell two payloads apart. Whole numbers, the most common payload on hot paths, need no text. */
export function digestContent(type: string, payload: Json): number {
  const from = digestText(type)
  if (typeof payload === 'number' && Number.isSafeInteger(payload)) {
    return mix(mix(mix(from, WHOLE), payload | 0), Math.floor(payload / 0x1_0000_0000))
  }
  return digestText(JSON.stringify(payload), mix(from, TEXT))
}

/** The digest of several contents in order: `foldContent(foldContent(0, first), second)`. */
export function foldContent(hash: number, content: number): number {
  return mix(hash, content)
}

const mix = (hash: number, word: number): number => Math.imul(hash ^ word, 0x01000193)
