package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"finscope/analyzer"
)

// where is a compiled --where expression. It is used by one goroutine.
type where struct {
	source  string
	program *vm.Program
	vm      vm.VM
	env     flowEnv
	err     error // the first flow on which the expression failed
}

// compileWhere compiles an expression over the flow record. Unknown names, and words that a field can never have, are
// errors that point at the place.
func compileWhere(source string) (*where, error) {
	words := &vocabulary{source: source}
	program, err := expr.Compile(source, expr.Env(&flowEnv{}), expr.DisableBuiltin("type"), expr.AsBool(), expr.Patch(&nulls{}), expr.Patch(words))
	if err == nil {
		err = words.err
	}
	if err != nil {
		return nil, pointAt(source, err)
	}
	return &where{source: source, program: program}, nil
}

// match reports whether the expression is true for f. After an error it is false for all flows.
func (w *where) match(f *analyzer.Flow) bool {
	if w.err != nil {
		return false
	}
	w.env.set(f)
	v, err := w.vm.Run(w.program, &w.env)
	if err != nil {
		w.err = pointAt(w.source, fmt.Errorf("stream %d: %w", f.Stream, err))
		return false
	}
	return v == true
}

// failed returns why the expression could not be judged for some flow; nil if it could for all, or there is none.
func (w *where) failed() error {
	if w == nil {
		return nil
	}
	return w.err
}

// pointAt shows the expression with a caret under the place of the error.
func pointAt(source string, err error) error {
	msg, show := err.Error(), ""
	if e, ok := errors.AsType[*file.Error](err); ok {
		msg = strings.Replace(msg, e.Error(), e.Message, 1)
		if lines := strings.Split(source, "\n"); e.Line >= 1 && e.Line <= len(lines) {
			line := strings.ReplaceAll(lines[e.Line-1], "\t", " ")
			show = line + "\n" + strings.Repeat(" ", e.Column) + "^"
		}
	} else {
		show = source
	}
	return &cliError{code: exitUsage, msg: "--where: " + plainNames(msg), show: show, hint: hintFor(msg)}
}

// hintFor says what to write instead of what the compiler refused: for a name that is no key of the record, one that is.
func hintFor(msg string) string {
	switch {
	case strings.Contains(msg, `unexpected token Operator("=")`):
		return "== compares"
	case strings.HasPrefix(msg, "expected bool, but got "):
		return `give a condition, as age > 60 or verdict == "reset"`
	}
	at := max(strings.Index(msg, "unknown name "), strings.Index(msg, "has no field "))
	if at < 0 {
		return ""
	}
	name, _, _ := strings.Cut(msg[at+len("unknown name "):], " ")
	if near := closest(name, keys(reflect.TypeFor[flowEnv]())); near != "" {
		return "did you mean " + near
	}
	return "the names are the keys of the JSON record: finscope --json FILE shows them"
}

// keys lists the names of t's fields and of the structs in them.
func keys(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		names = append(names, f.Tag.Get("expr"))
		ft := f.Type
		if ft.Kind() == reflect.Slice {
			ft = ft.Elem()
		}
		if ft.Kind() == reflect.Struct && ft.PkgPath() == t.PkgPath() {
			names = append(names, keys(ft)...)
		}
	}
	return names
}

// plainNames takes the Go out of the messages of the expression compiler.
func plainNames(msg string) string {
	return strings.NewReplacer("main.flowEnv", "flow", "*main.", "", "main.", "", "Env ", " ", "float64", "number", "expected bool", "expected a condition").Replace(msg)
}

// nulls lets expressions compare with nil, or null, what the record has as null. The values themselves are never nil: a null
// object has fields that are "" or 0, so that `reset.by == "server"` and `half_close.bytes > 0` are false without one.
type nulls struct{}

func (nulls) Visit(node *ast.Node) {
	if name, ok := (*node).(*ast.IdentifierNode); ok && name.Value == "null" { // as JSON writes it
		ast.Patch(node, &ast.NilNode{})
		return
	}
	b, ok := (*node).(*ast.BinaryNode)
	if !ok || b.Operator != "==" && b.Operator != "!=" {
		return
	}
	x := b.Left
	if _, ok := x.(*ast.NilNode); ok {
		x = b.Right
	} else if _, ok := b.Right.(*ast.NilNode); !ok {
		return
	}
	t := x.Type()
	if t == nil {
		return
	}
	var none ast.Node
	switch t.String() {
	case "main.finEnv", "main.halfCloseEnv", "main.resetEnv":
		x = &ast.MemberNode{Node: x, Property: &ast.StringNode{Value: "present"}}
		none = &ast.BoolNode{Value: false}
	case "string":
		none = &ast.StringNode{}
	case "int":
		none = &ast.IntegerNode{}
	case "time.Time":
		x = &ast.CallNode{Callee: &ast.MemberNode{Node: x, Property: &ast.StringNode{Value: "IsZero"}}}
		none = &ast.BoolNode{Value: true}
	default:
		return
	}
	ast.Patch(node, &ast.BinaryNode{Operator: b.Operator, Left: x, Right: none})
}

// vocabulary refuses comparisons with words that a field never has, as in verdict == "halfclosed".
type vocabulary struct {
	source string
	err    error
}

func (v *vocabulary) Visit(node *ast.Node) {
	b, ok := (*node).(*ast.BinaryNode)
	if !ok || v.err != nil {
		return
	}
	switch b.Operator {
	case "==", "!=":
		v.check(b.Left, b.Right)
		v.check(b.Right, b.Left)
	case "in":
		v.check(b.Right, b.Left) // "lost-ack" in codes
		if list, ok := b.Right.(*ast.ArrayNode); ok {
			for _, word := range list.Nodes {
				v.check(b.Left, word)
			}
		}
	}
}

func (v *vocabulary) check(field, word ast.Node) {
	s, ok := word.(*ast.StringNode)
	if !ok || s.Value == "" || v.err != nil {
		return
	}
	name := fieldName(field)
	words := wordsOf(name)
	if words == nil || slices.Contains(words, s.Value) {
		return
	}
	msg := fmt.Sprintf("%s is never %q", name, s.Value)
	if near := closest(s.Value, words); near != "" {
		msg += ", did you mean " + fmt.Sprintf("%q", near)
	} else if near := closest(strings.ToUpper(s.Value), words); near != "" {
		msg += ", did you mean " + fmt.Sprintf("%q", near)
	} else if len(words) <= 12 {
		msg += ", only " + orList(words)
	}
	e := &file.Error{Location: word.Location(), Message: msg}
	v.err = e.Bind(file.NewSource(v.source))
}

func fieldName(node ast.Node) string {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		return n.Value
	case *ast.MemberNode:
		if p, ok := n.Property.(*ast.StringNode); ok {
			return p.Value
		}
	case *ast.ChainNode:
		return fieldName(n.Node)
	}
	return ""
}

// wordsOf lists the values of a field of the record, nil if it is not a choice of words.
func wordsOf(field string) []string {
	switch field {
	case "verdict":
		return verdicts()
	case "state", "client_state", "server_state":
		return states()
	case "closed_first":
		return words(nil, analyzer.ClosedFirsts())
	case "closed_by":
		return words(nil, []analyzer.ClosedBy{analyzer.ByFIN, analyzer.ByRST})
	case "confidence":
		return words(nil, []analyzer.Confidence{analyzer.Certain, analyzer.Likely, analyzer.Ambiguous})
	case "roles":
		return words(nil, []analyzer.Roles{analyzer.RolesHandshake, analyzer.RolesGuessed, analyzer.RolesBoth})
	case "by", "holder", "who":
		return words(nil, []analyzer.Side{analyzer.ClientSide, analyzer.ServerSide})
	case "severity":
		return words(nil, analyzer.Severities())
	case "ended":
		return words(nil, analyzer.WaitEnds())
	case "code", "codes":
		return codes()
	}
	return nil
}
