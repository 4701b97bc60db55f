package arena

import "testing"

// Elements stay where they are while others are added, each is zero when it is given out, and element 0 is nobody's.
func TestList(t *testing.T) {
	var a List[int64]
	first := a.Add()
	p := a.At(first)
	*p = 7
	for n := int32(2); n <= 10*chunkSize; n++ {
		if i := a.Add(); i != n || *a.At(i) != 0 {
			t.Fatalf("element %d is %d, at index %d", n, *a.At(i), i)
		}
		*a.At(n) = int64(n)
	}
	if a.At(first) != p || *p != 7 || *a.At(0) != 0 || a.Len() != 10*chunkSize {
		t.Errorf("element 1 is %d, element 0 is %d, of %d", *p, *a.At(0), a.Len())
	}
	if i := a.AddSome(3 * chunkSize); i != 10*chunkSize+1 || *a.At(i + 3*chunkSize - 1) != 0 {
		t.Errorf("the first of some more has index %d", i)
	}
}

// What is given back is given out again, zero, before the list grows.
func TestFree(t *testing.T) {
	var a Free[int64]
	a.Grow()
	for range 5 {
		*a.At(a.Add()) = 9
	}
	a.Release(2)
	a.Release(4)
	if a.InUse() != 3 || a.Len() != 5 {
		t.Errorf("%d of %d are in use", a.InUse(), a.Len())
	}
	for _, want := range []int32{4, 2, 6} {
		if i := a.Add(); i != want || *a.At(i) != 0 {
			t.Errorf("index %d is given out, want %d; it holds %d", i, want, *a.At(i))
		}
	}
	if a.InUse() != 6 || a.Octets() < chunkSize*8 {
		t.Errorf("%d are in use, in %d octets", a.InUse(), a.Octets())
	}
}
