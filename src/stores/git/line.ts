/** Line breaks, what else git would take for an end, and halves of characters, which UTF-8 does not have. */
const AWKWARD = /[\p{Cc}\p{Cs}]/u

/** `text` on one line: itself, if it can be; otherwise as a JSON string. */
export const toLine = (text: string): string =>
  text.startsWith('"') || AWKWARD.test(text) ? JSON.stringify(text) : text

export const fromLine = (line: string): string => (line.startsWith('"') ? (JSON.parse(line) as string) : line)
