package yaml

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// notTexts is what Java's reader takes for a number, a truth value, a date or nothing where no quotes are: YAML 1.1.
// Java: org.yaml.snakeyaml.resolver.Resolver.
var notTexts = regexp.MustCompile(`^(?:` +
	`yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF|~|null|Null|NULL| ` +
	`|[-+]?[0-9][0-9_]*|[-+]?0b_*[0-1][0-1_]*|[-+]?0x_*[0-9a-fA-F][0-9a-fA-F_]*` +
	`|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+` +
	`|[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)` +
	`|[-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*` +
	`|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)` +
	`|[0-9]{4}-[0-9]{2}-[0-9]{2}` +
	`|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?` +
	`(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)$`)

// plainNumber is a number whose text Java gives back as it stands.
var plainNumber = regexp.MustCompile(`^(?:0|-?[1-9][0-9]{0,17})$`)

// Text is the value as a text, "" of one that is not there.
func (n *Node) Text() (string, error) {
	if n == nil {
		return "", nil
	}
	v := n.n
	if v.Kind != yaml.ScalarNode || v.Tag == "!!binary" {
		return "", n.Fail("a text has to stand here")
	}
	if v.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 &&
		v.Style&yaml.TaggedStyle == 0 && notTexts.MatchString(v.Value) && !plainNumber.MatchString(v.Value) {
		return "", n.Fail("without quotes Java reads another text than stands here: put it into quotes")
	}
	return v.Value, nil
}

// Flag is the value as a truth value, false of one that is not there. Java: fastjson's TypeUtils.castToBoolean.
func (n *Node) Flag() (bool, error) {
	if n == nil {
		return false, nil
	}
	if n.n.Kind == yaml.ScalarNode {
		switch strings.ToLower(n.n.Value) {
		case "true", "1", "y", "t", "yes", "on":
			return true, nil
		case "false", "0", "n", "f", "no", "off", "":
			return false, nil
		}
	}
	return false, n.Fail("true or false has to stand here")
}

// Int is the value as a whole number, 0 of one that is not there.
func (n *Node) Int() (int64, error) {
	if n == nil {
		return 0, nil
	}
	if n.n.Kind == yaml.ScalarNode {
		if v, err := strconv.ParseInt(n.n.Value, 10, 64); err == nil {
			return v, nil
		}
	}
	return 0, n.Fail("a number has to stand here")
}
