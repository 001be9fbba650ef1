package install

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// installVariable makes the test binary install a version of Amp and end.
const installVariable = "INSTALL_TEST_VERSION"

func TestMain(m *testing.M) {
	if version := os.Getenv(installVariable); version != "" {
		in := NewInstaller(os.Environ)
		in.host = testHost
		if _, err := in.Install(context.Background(), Request{Agent: testAgent, Version: version}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
