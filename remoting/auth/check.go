package auth

// check refuses policies that make no sense, in Java's order and words. Java:
// AuthorizationMetadataManagerImpl.validate.
func check(policies []Policy) error {
	if len(policies) == 0 {
		return refuse("The policies is empty.")
	}
	for i := range policies {
		if len(policies[i].Entries) == 0 {
			return refuse("The policy entries is empty.")
		}
		for j := range policies[i].Entries {
			if err := policies[i].Entries[j].check(); err != nil {
				return err
			}
		}
		if policies[i].Type == 0 {
			policies[i].Type = Custom
		}
	}
	return nil
}

func (e *Entry) check() error {
	switch {
	case e.Resource == Resource{}:
		return refuse("The resource is null.")
	case e.Resource.Pattern == 0:
		return refuse("The resource pattern is null.")
	case len(e.Actions) == 0:
		return refuse("The actions is empty.")
	case Of(e.Actions...).Has(Any):
		return refuse("The actions can not be Any.")
	case len(e.Resource.Name) > maxName:
		return refuse("a resource has a name of at most %d bytes", maxName)
	case len(e.Actions) > int(List)+1:
		return refuse("there are not so many actions")
	}
	if e.Environment != nil {
		if err := e.Environment.check(); err != nil {
			return err
		}
	}
	if e.Decision == 0 {
		return refuse("The decision is null or illegal.")
	}
	return nil
}

func (e *Environment) check() error {
	if len(e.SourceIPs) > MaxSources {
		return refuse("an entry has at most %d source ips", MaxSources)
	}
	for _, ip := range e.SourceIPs {
		if blank(ip) {
			return refuse("The source ip is empty.")
		}
		if _, ok := parseSource(ip); !ok {
			return refuse("The source ip is invalid.")
		}
	}
	return nil
}
