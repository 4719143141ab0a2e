import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** `folder`, and every folder above it, nearest first. */
export function foldersUpward(folder: string): readonly string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [folder, ...foldersUpward(above)]
}

/** The nearest of them that has `path` in it. */
export function upwardWith(folder: string, path: string): string | undefined {
  return foldersUpward(folder).find((each) => existsSync(join(each, path)))
}
