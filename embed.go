// Package chorus holds what is embedded from the root of the project.
package chorus

import _ "embed"

// Config is config.yaml: the documented default configuration.
//
//go:embed config.yaml
var Config []byte
