package universal

import "encoding/json"

// NullString is a string whose empty value is null in JSON. It is used for
// the members that are always present.
type NullString string

// MarshalJSON encodes the empty string as null.
func (s NullString) MarshalJSON() ([]byte, error) {
	if s == "" {
		return []byte("null"), nil
	}
	return AppendString(nil, string(s)), nil
}

// UnmarshalJSON decodes null as the empty string.
func (s *NullString) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, (*string)(s))
}
