/** A place in `data` as one value, however often its name is made anew. */

import { useMemo } from 'react'
import { dataPathOf, type DataPath, type DataProperty } from '../flow/data_path'

export function useDataPath(property: DataProperty): DataPath {
  const [key, setting] = dataPathOf(property)
  return useMemo(() => (setting === undefined ? [key] : [key, setting]), [key, setting])
}
