import { TextInput } from '@mantine/core'

interface NameFieldProps {
  label: string
  placeholder?: string
  value: string
  onChange: (name: string) => void
}

/** The first field of a dialog for something that gets a name. */
export function NameField({ onChange, ...field }: NameFieldProps) {
  return (
    <TextInput
      {...field}
      data-autofocus
      required
      withAsterisk={false}
      maxLength={120}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}
