/** A choice of few, all in sight: radio buttons that look like one control. */
import { useId } from 'react'
import './segments.css'

export interface SegmentsProps<T> {
  label: string
  options: readonly { value: T; label: string }[]
  value: T
  onChange: (value: T) => void
}

export function Segments<T extends string | number>(props: SegmentsProps<T>) {
  const { label, options, value, onChange } = props
  const name = useId()
  return (
    <fieldset className="coflow-segments">
      <legend className="coflow-label">{label}</legend>
      <div className="coflow-segments__bar">
        {options.map((option) => (
          <label key={option.value} className="coflow-segments__option">
            <input
              type="radio"
              className="coflow-hidden"
              name={name}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
