package analyzer

// timeWaitFindings says which TIME_WAITs block a port, or soon will.
func (r *Report) timeWaitFindings() []GroupFinding {
	return nil
}
