import { sep } from 'node:path'

/** What to do about a path that was not found, and has a separator of another system in it; undefined for others. */
export function slashTodo(path: string): string | undefined {
  return sep === '/' && path.includes('\\')
    ? 'use / between folders: a backslash is a letter of a name here'
    : undefined
}
